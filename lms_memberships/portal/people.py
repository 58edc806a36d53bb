"""Who is asking? The signed-in student behind a request."""

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest


def student_of(request: HttpRequest) -> AbstractBaseUser:
    """The person; only behind ``login_required``. Raises TypeError for a stranger: that would be a bug."""
    if not isinstance(request.user, AbstractBaseUser):
        msg = "A stranger reached a page that asks for a sign-in"
        raise TypeError(msg)
    return request.user

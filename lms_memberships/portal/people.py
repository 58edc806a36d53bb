"""Who is asking? The signed-in student behind a request."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.http import urlencode

from .. import conf

View = Callable[..., HttpResponseBase]


def student_of(request: HttpRequest) -> AbstractBaseUser:
    """The person; only behind ``login_required``. Raises TypeError for a stranger: that would be a bug."""
    if not isinstance(request.user, AbstractBaseUser):
        msg = "A stranger reached a page that asks for a sign-in"
        raise TypeError(msg)
    return request.user


def sign_up_first(view: View) -> View:
    """Whoever pressed "Join" as somebody new signs up, where the site says how, and comes back with their choice."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.GET.get("as") != "new" or request.user.is_authenticated or not conf.SIGN_UP_URL:
            return view(request, *args, **kwargs)
        query = request.GET.copy()
        del query["as"]
        onward = f"{request.path}?{query.urlencode()}" if query else request.path
        return redirect(f"{resolve_url(conf.SIGN_UP_URL)}?{urlencode({'next': onward})}")

    return answer

"""How does a student delete their account? Told what stops and what stays, asked for the password, done at Stripe first."""

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from .. import clock, conf
from ..errors import Refusal
from ..personal_data import erasing, stopping
from .declaring import gateway_or_none
from .people import student_of

#: Not done yet, and nobody has to wait for it here.
WAITING = _(
    "We have noted that your account is to be deleted. Stripe has to confirm first that nothing more will be charged; "
    "we ask again by ourselves until it has."
)


class ConfirmForm(forms.Form):
    """Who sits at an unlocked computer is not yet the person: they know the password, where there is one."""

    password = forms.CharField(
        label=_("Your password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    understood = forms.BooleanField(label=_("I understand that this cannot be taken back"))

    def __init__(self, data: QueryDict | None, *, user: AbstractBaseUser) -> None:
        super().__init__(data)
        self.user = user
        if not user.has_usable_password():
            # Signed in by somebody else's word (a social account): there is nothing to ask for.
            del self.fields["password"]

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password


@sensitive_post_parameters("password")
@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """GET says what happens; POST ends what is billed at Stripe, and then takes the name away (K6)."""
    student = student_of(request)
    form = ConfirmForm(request.POST if request.method == "POST" else None, user=student)
    if not form.is_valid():
        context = {"form": form, "ending": stopping.billed(student.pk), "years": conf.KEEP_INVOICES_YEARS}
        return render(request, "lms_memberships/portal/leave.html", context)
    try:
        erasure = erasing.erase(student, now=clock.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("lms_memberships:account")
    if not erasing.carry_out_now(erasure, gateway=gateway_or_none(request), now=clock.now()):
        messages.warning(request, WAITING)
        return redirect("lms_memberships:account")
    logout(request)
    return render(request, "lms_memberships/portal/left.html")

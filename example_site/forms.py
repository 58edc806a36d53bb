"""What does somebody tell us when they sign up?"""

from django import forms
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class NameForm(forms.Form):
    """Added to allauth's own fields: the name that stands on e-mails and in the lessons."""

    first_name = forms.CharField(
        label=_("Your first name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )

    field_order = ("first_name", "email", "password1")

    def signup(self, request: HttpRequest, user: AbstractUser) -> None:
        user.first_name = self.cleaned_data["first_name"]
        user.save(update_fields=["first_name"])

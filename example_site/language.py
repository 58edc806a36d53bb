"""In which language is an address answered? Pages by their address, everything else by the visitor's choice."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.urls import Resolver404, resolve
from django.utils import translation

PAGE_VIEW = "wagtail_serve"


class VisitorLanguage(LocaleMiddleware):
    """Django's middleware gives every address without a prefix the default language.

    Ours does so for pages only: ``/about/`` is English and ``/fr/a-propos/`` French, whoever asks.
    Memberships, sessions and accounts have one address each; they follow the cookie, which the last
    page seen has set, and before that the browser.
    """

    def process_request(self, request: HttpRequest) -> None:
        from_path = translation.get_language_from_path(request.path_info)
        request.is_page_in_a_language = bool(from_path) or _is_page(request.path_info)
        if request.is_page_in_a_language:
            language = from_path or settings.LANGUAGE_CODE
        else:
            language = translation.get_language_from_request(request)
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        if not getattr(request, "is_page_in_a_language", False) or response.status_code != 200:
            return response
        # Only where it would make a difference: a page without a cookie can be cached for all.
        if translation.get_language_from_request(request) != request.LANGUAGE_CODE:
            remember(response, request.LANGUAGE_CODE)
        return response


def remember(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        path=settings.LANGUAGE_COOKIE_PATH,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE or "Lax",
    )


def _is_page(path: str) -> bool:
    with translation.override(settings.LANGUAGE_CODE):
        try:
            return resolve(path).view_name == PAGE_VIEW
        except Resolver404:
            return True

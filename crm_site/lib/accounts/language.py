"""Each person's language: chosen once by the switch, followed in other browsers and by what is sent to them."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views import i18n

from crm_site.lib.accounts.models import User


class OwnLanguageMiddleware:
    """Where the browser was never told a language, pages speak that of whoever is signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            # Whoever is not signed in has none.
            language = getattr(request.user, "language", "")
            if language:
                translation.activate(language)
                request.LANGUAGE_CODE = language
        return self.get_response(request)


@login_not_required
def set_language(request: HttpRequest) -> HttpResponse:
    """Django's switch of languages, which also keeps the choice of whoever is signed in."""
    response = i18n.set_language(request)
    language = request.POST.get("language")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return response

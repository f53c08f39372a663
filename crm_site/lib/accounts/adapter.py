from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.translation import gettext_noop

# What the library's pages say in other words than ours: the project's catalogue goes before that of the library.
SAID_OTHERWISE = (
    gettext_noop("An authenticator app is not active."),
    gettext_noop("Activate Authenticator App"),
    gettext_noop("Authentication using an authenticator app is active."),
    gettext_noop("Authenticator App"),
    gettext_noop("Confirm Access"),
    gettext_noop("Deactivate Authenticator App"),
    gettext_noop("Email"),
    gettext_noop("Please reauthenticate to safeguard your account."),
    gettext_noop("The email address and/or password you specified are not correct."),
    gettext_noop("The username and/or password you specified are not correct."),
    gettext_noop("Two-Factor Authentication"),
    gettext_noop("Username"),
)


class StaffAccountAdapter(DefaultAccountAdapter):
    """Sign-in for staff only: accounts are made by an administrator, never by a visitor."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

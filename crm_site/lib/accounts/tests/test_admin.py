"""The admin pages of people and of what they may do."""

import pytest
from django.test import Client

from crm_site.lib.accounts.models import User


@pytest.mark.parametrize("address", ["/admin/auth/group/add/", "/admin/accounts/user/{user}/change/"])
def test_permissions_are_told_in_the_readers_language(admin_client: Client, admin_user: User, address: str) -> None:
    admin_client.cookies["django_language"] = "fr"
    page = admin_client.get(address.format(user=admin_user.pk)).content.decode()
    assert "Clients | client | Peut ajouter" in page
    assert "Clients | client | Peut exporter des clients" in page
    assert "Can " not in page

"""Rights and roles are read at once, and are what Django itself would say."""

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, Group, Permission
from pytest_django import DjangoAssertNumQueries

from crm_site.lib.accounts.backend import StaffBackend, roles_of
from crm_site.lib.accounts.models import User


def person(name: str = "ada", **fields: bool) -> User:
    return User.objects.create(username=name, email=f"{name}@example.com", **fields)


def permission(codename: str) -> Permission:
    return Permission.objects.get(codename=codename)


@pytest.fixture
def ada(db: None) -> User:
    """Somebody with a permission of her own and two by her roles."""
    user = person()
    user.user_permissions.add(permission("view_order"))
    for role, codenames in (("Readers", ["view_customer", "view_order"]), ("Writers", ["change_customer"])):
        group = Group.objects.create(name=role)
        group.permissions.set([permission(codename) for codename in codenames])
        user.groups.add(group)
    Group.objects.create(name="Others").permissions.add(permission("delete_customer"))
    return User.objects.get(pk=user.pk)


def test_rights_and_roles_take_one_query(ada: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        assert ada.has_perms(["customers.view_customer", "customers.change_customer", "customers.view_order"])
        assert not ada.has_perm("customers.delete_customer")
        assert roles_of(ada) == ["Readers", "Writers"]


def test_rights_are_what_django_says(ada: User) -> None:
    assert StaffBackend().get_all_permissions(ada) == ModelBackend().get_all_permissions(User.objects.get(pk=ada.pk))


def test_nobody_without_rights_has_any(db: None) -> None:
    user = person()
    assert not user.has_perm("customers.view_customer")
    assert roles_of(user) == []
    assert roles_of(AnonymousUser()) == []
    assert StaffBackend().get_all_permissions(AnonymousUser()) == set()


def test_whoever_left_has_none(ada: User) -> None:
    ada.is_active = False
    assert not ada.has_perm("customers.view_customer")


def test_a_superuser_may_do_everything(db: None) -> None:
    user = person(is_superuser=True)
    assert user.has_perm("customers.delete_customer")
    assert len(StaffBackend().get_all_permissions(user)) == Permission.objects.count()


def test_rights_are_not_for_single_objects(ada: User) -> None:
    assert StaffBackend().get_all_permissions(ada, obj=ada) == set()

from collections.abc import Iterable
from functools import partial

import pytest
from django.db import connection, transaction

from crm_site.lib.accounts.models import User
from crm_site.lib.snapshot import HandedOver, Snapshot, alongside, shared_out


def staff() -> list[str]:
    return list(User.objects.order_by("username").values_list("username", flat=True))


def session() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def add(name: str) -> None:
    User.objects.create(username=name, email=f"{name}@example.com")


@pytest.mark.django_db(transaction=True)
def test_all_connections_see_what_there_was_when_the_snapshot_was_taken() -> None:
    add("alice")
    other = connection.copy()
    try:
        with Snapshot() as snapshot:
            with other.cursor() as cursor:
                cursor.execute("DELETE FROM accounts_user")
            assert snapshot.all([staff, staff, staff]) == [["alice"]] * 3
            assert staff() == ["alice"]
    finally:
        other.close()
    assert staff() == []


@pytest.mark.django_db(transaction=True)
def test_readings_have_sessions_of_their_own() -> None:
    with Snapshot() as snapshot:
        assert session() not in snapshot.all([session, session])


@pytest.mark.django_db(transaction=True)
def test_a_reading_that_fails_fails_the_whole() -> None:
    with pytest.raises(ZeroDivisionError), Snapshot() as snapshot:
        snapshot.all([staff, partial(divmod, 1, 0)])


@pytest.mark.django_db
def test_inside_a_transaction_readings_share_its_session_and_see_what_it_wrote() -> None:
    add("bob")
    with Snapshot() as snapshot:
        assert snapshot.all([session, session]) == [session(), session()]
        assert snapshot.all([staff]) == [["bob"]]


@pytest.mark.django_db(transaction=True)
def test_connections_share_readings_and_the_answers_come_in_their_order() -> None:
    with Snapshot() as snapshot:
        assert snapshot.all([partial(divmod, number, 7) for number in range(50)]) == [divmod(n, 7) for n in range(50)]
        assert len(set(snapshot.all([session] * 50))) <= 2


@pytest.mark.django_db(transaction=True)
def test_work_alongside_takes_what_it_is_handed_and_is_done_when_the_block_is_left() -> None:
    sessions: list[int] = []

    def work(items: Iterable[str]) -> None:
        taken.extend(items)
        sessions.append(session())

    taken: list[str] = []
    with alongside(work) as handed:
        handed.hand_over("one")
        handed.hand_over("two")
        handed.end()
        sessions.append(session())
    assert taken == ["one", "two"]
    assert len(set(sessions)) == 2


@pytest.mark.django_db(transaction=True)
def test_work_alongside_that_fails_fails_the_block() -> None:
    def work(items: Iterable[str]) -> None:
        print(1 // 0)  # noqa: T201

    with pytest.raises(ZeroDivisionError), alongside(work) as handed:
        handed.end()


@pytest.mark.django_db(transaction=True)
def test_work_alongside_does_not_wait_for_a_block_that_failed_and_undoes_what_it_did() -> None:
    @transaction.atomic
    def work(items: Iterable[str]) -> None:
        for name in items:
            add(name)

    def block(handed: HandedOver[str]) -> None:
        handed.hand_over("carol")
        print(1 // 0)  # noqa: T201

    with pytest.raises(ZeroDivisionError), alongside(work) as handed:
        block(handed)
    assert staff() == []


@pytest.mark.django_db
def test_inside_a_transaction_work_alongside_comes_after_the_block() -> None:
    order: list[str] = []
    with alongside(order.extend) as handed:
        handed.hand_over("work")
        handed.end()
        order.append("block")
    assert order == ["block", "work"]


@pytest.mark.django_db(transaction=True)
def test_works_are_shared_out_among_other_sessions_and_all_are_done() -> None:
    done: list[int] = []
    names = [f"worker{number}" for number in range(5)]
    shared_out([*(partial(add, name) for name in names), *[lambda: done.append(session())] * 4])
    assert staff() == names
    assert len(done) == 4
    assert session() not in done


@pytest.mark.django_db(transaction=True)
def test_a_work_that_fails_fails_the_whole() -> None:
    with pytest.raises(ZeroDivisionError):
        shared_out([partial(add, "alice"), partial(divmod, 1, 0)])

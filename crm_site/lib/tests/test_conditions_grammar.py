"""Filters as text: whatever is written is read back as the same, and whatever is read never fails in another way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_site.lib.conditions.grammar import BadText, Condition, Group, Reason, Where, read, write

VALUES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True)
CONDITIONS = st.builds(
    Condition, NAMES, st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.lists(VALUES, max_size=3).map(tuple)
)
JOINTS = st.sampled_from(["all", "any"])
GROUPS = st.builds(Group, st.lists(CONDITIONS, min_size=1, max_size=4).map(tuple), JOINTS)
WHERES = st.builds(Where, st.lists(GROUPS, min_size=1, max_size=4).map(tuple), JOINTS)


@given(WHERES)
def test_what_is_written_is_read_back_as_the_same(where: Where) -> None:
    assert read(write(where)) == where


@given(st.text() | st.text("anylither():;,~ax0", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        where = read(text)
    except BadText:
        return
    assert read(write(where)) == where


def test_a_filter_stays_readable_in_an_address() -> None:
    city, profit = Condition("city", "in", ("Lyon", "Saint-Denis, Nord")), Condition("profit", "most", ("0",))
    assert write(Where((Group((city, profit)),))) == "city:in:Lyon,Saint-Denis~, Nord;profit:most:0"
    both = (Group((city,), "any"), Group((profit, Condition("owner", "empty"))))
    assert write(Where(both)) == "any(city:in:Lyon,Saint-Denis~, Nord);all(profit:most:0;owner:empty)"
    assert write(Where(both, "any")).startswith("either(any(city")


def test_bare_conditions_beside_groups_are_groups_of_their_own() -> None:
    where = read("kind:is:person;any(city:is:Lyon;city:is:Metz)")
    assert [len(group.conditions) for group in where.groups] == [1, 2]
    assert read("either(a:is:1;b:is:2)").joint == "any"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("city", Reason.SHAPE),
        ("City:is:Lyon", Reason.SHAPE),
        ("city:is:Lyon~", Reason.SHAPE),
        ("city:is:", Reason.EMPTY),
        ("city:is:Lyon,,Metz", Reason.EMPTY),
        ("all()", Reason.EMPTY),
        (";", Reason.EMPTY),
        ("any(city:is:Lyon", Reason.BRACKETS),
        ("city:is:Lyon)", Reason.BRACKETS),
        ("all(any(a:is:1))", Reason.SHAPE),
        ("a:is:(1)", Reason.BRACKETS),
        ("a:is:b\x00", Reason.CHARACTER),
        ("a:is:" + "x" * 2000, Reason.TOO_LONG),
        (";".join(["a:empty"] * 41), Reason.TOO_MANY),
    ],
)
def test_what_is_no_filter_is_refused_with_its_reason(text: str, reason: Reason) -> None:
    with pytest.raises(BadText) as refusal:
        read(text)
    assert refusal.value.reason is reason

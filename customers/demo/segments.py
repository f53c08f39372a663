"""Segments of the invented company in both languages, and a shared view in its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings

from crm_site.lib.accounts.models import User
from customers.demo.moments import Staff
from customers.models import Customer, Segment
from customers.models.channel import Channel
from customers.models.scorecard import Category, Stage
from customers.saved_view_actions import change_view, save_view
from customers.segment_actions import create_segment

MOST_INVITED = 40


@dataclass(frozen=True, kw_only=True)
class Group:
    """Customers to treat alike: name and policy by language, and the filters of the list that find them."""

    name: Mapping[str, str]
    policy: Mapping[str, str]
    query: str
    channels: tuple[Channel, ...] = ()
    limit: Mapping[str, int] = field(default_factory=dict)


GROUPS = (
    Group(
        name={"en": "Best customers who grow quiet", "fr": "Les meilleurs clients qui se taisent"},
        policy={
            "en": "The owner calls in person before writing anything. No offers: ask what they listen to.",
            "fr": "Le responsable appelle lui-même avant tout courrier. Pas d’offre : demander ce qu’ils écoutent.",
        },
        query=f"category={Category.MOST_PROFITABLE}&where=last_order_on:ago:120",
        channels=(Channel.PHONE, Channel.LETTER),
    ),
    Group(
        name={
            "en": "Companies that cost more than they bring",
            "fr": "Entreprises qui coûtent plus qu’elles ne rapportent",
        },
        policy={
            "en": "Agree on a minimum order, and on calls instead of visits.",
            "fr": "Convenir d’une commande minimale, et d’appels plutôt que de visites.",
        },
        query=f"kind={Customer.Kind.COMPANY}&profit_max=0&stage={Stage.CUSTOMER}",
        channels=(Channel.PHONE, Channel.EMAIL),
    ),
    Group(
        name={"en": "Worth more than they have brought", "fr": "Valent plus qu’ils n’ont rapporté"},
        policy={
            "en": "The newsletter, and one proposal from their favourite family each season.",
            "fr": "La lettre d’information, et une proposition dans leur famille préférée à chaque saison.",
        },
        query=f"category={Category.DESIRABLE}&value_min=20",
        channels=(Channel.EMAIL,),
        limit={"messages": 2, "days": 30},
    ),
)
INVITED = Group(
    name={"en": "Invited to the listening evening", "fr": "Invités à la soirée d’écoute"},
    policy={
        "en": "A printed invitation, then a call a week before. The list stays as it was drawn up.",
        "fr": "Une invitation imprimée, puis un appel une semaine avant. La liste reste celle qui a été établie.",
    },
    query="",
    channels=(Channel.LETTER, Channel.PHONE),
)
VIEW = {"en": "Losing money, most costly first", "fr": "À perte, les plus coûteux d’abord"}


def invent_segments(staff: Staff) -> int:
    """What the sales team shares; how many segments that makes. Figures come with the first recompute."""
    if not staff.sales:
        return 0
    owner = User.objects.get(pk=staff.sales[0])
    for group in GROUPS:
        segment = _segment(group, owner, Segment.Kind.DYNAMIC)
        create_segment(segment=segment, matches=Customer.objects.none(), run=None)
    known = Customer.objects.exclude(needs="").order_by("reference").values("pk")[:MOST_INVITED]
    invited = Customer.objects.filter(pk__in=known)
    create_segment(segment=_segment(INVITED, owner, Segment.Kind.STATIC), matches=invited, run=None)
    view = save_view(owner=owner, list_name="customers", name=_said(VIEW), query="profit_max=0&sort=profit")
    change_view(view=view, name=view.name, shared=True, pinned=True)
    return len(GROUPS) + 1


def _segment(group: Group, owner: User, kind: Segment.Kind) -> Segment:
    return Segment(
        name=group.name["en"],
        name_fr=group.name["fr"],
        policy=group.policy["en"],
        policy_fr=group.policy["fr"],
        query=group.query,
        kind=kind,
        owner=owner,
        team=owner.team,
        channels=list(group.channels),
        **group.limit,
    )


def _said(words: Mapping[str, str]) -> str:
    return words.get(settings.LANGUAGE_CODE, words["en"])

"""How often, when and how long the customers of a record shop meet each of its touchpoints: invented figures."""

from dataclasses import dataclass

from customers.models.moment import ContactMoment

Direction = ContactMoment.Direction


@dataclass(frozen=True, kw_only=True)
class Habit:
    """How customers meet one touchpoint, and how long it takes when somebody of the company takes part."""

    touchpoint: str
    direction: str = Direction.INBOUND
    # Chance of one such moment for an order, for a first order, and how many days from the order it happens.
    for_order: float = 0.0
    for_first_order: float = 0.0
    days: tuple[int, int] = (0, 0)
    # Moments a day that belong to no order; demanding customers have them so many times as often as others.
    a_day: float = 0.0
    demanding_factor: float = 1.0
    minutes: float = 0.0
    staff: str = ""
    hours: tuple[float, float] = (8.5, 18.0)
    # Of the moods that somebody of the company notes, the shares of happy and of unhappy ones.
    happy: float = 0.25
    unhappy: float = 0.15


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """Something sent to many customers at once, every so many days."""

    touchpoint: str
    every_days: int
    first_after_days: int
    # Whom it reaches: a share of those who read newsletters, of other customers, and of demanding ones on top.
    readers_share: float
    others_share: float
    staff: str = ""
    hours: tuple[float, float] = (9.0, 17.0)
    minutes: float = 0.0
    direction: str = Direction.OUTBOUND


EVENINGS = (7.0, 23.0)
HABITS = (
    Habit(touchpoint="advert", direction=Direction.OBSERVED, for_first_order=0.30, days=(-12, -1), hours=EVENINGS),
    Habit(touchpoint="browse", direction=Direction.OBSERVED, for_order=0.10, days=(-2, 0), hours=EVENINGS),
    Habit(touchpoint="confirmation", direction=Direction.OUTBOUND, for_order=0.20, hours=EVENINGS),
    Habit(touchpoint="delivery", direction=Direction.OUTBOUND, for_order=0.25, days=(2, 5), hours=(8.0, 19.0)),
    Habit(touchpoint="phone_order", for_order=0.006, minutes=6, staff="service", happy=0.4, unhappy=0.05),
    Habit(touchpoint="call", for_order=0.008, days=(1, 9), a_day=14.5, demanding_factor=14, minutes=8, staff="service"),
    Habit(touchpoint="email", for_order=0.012, days=(0, 9), a_day=11, demanding_factor=8, minutes=6, staff="service"),
    Habit(touchpoint="chat", for_order=0.004, days=(-1, 3), a_day=1.5, minutes=5, staff="service", happy=0.35),
    Habit(
        touchpoint="invoice",
        for_order=0.003,
        days=(3, 20),
        a_day=0.6,
        minutes=7,
        staff="service",
        happy=0.1,
        unhappy=0.4,
    ),
    Habit(touchpoint="return", for_order=0.006, days=(4, 15), minutes=9, staff="service", happy=0.1, unhappy=0.45),
    Habit(
        touchpoint="listening",
        a_day=2,
        demanding_factor=2,
        minutes=6,
        staff="sales",
        hours=(10.0, 19.0),
        happy=0.6,
        unhappy=0.03,
    ),
    Habit(
        touchpoint="visit",
        direction=Direction.OUTBOUND,
        a_day=1.7,
        demanding_factor=200,
        minutes=50,
        staff="owner",
        hours=(9.0, 17.0),
        happy=0.5,
    ),
)
CAMPAIGNS = (
    Campaign(touchpoint="newsletter", every_days=28, first_after_days=41, readers_share=0.16, others_share=0.0),
    Campaign(touchpoint="mailing", every_days=84, first_after_days=62, readers_share=0.14, others_share=0.10),
    Campaign(
        touchpoint="evening",
        every_days=56,
        first_after_days=79,
        readers_share=0.004,
        others_share=0.001,
        hours=(18.5, 19.5),
        direction=Direction.INBOUND,
    ),
)

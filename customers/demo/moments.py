"""Contact moments along the journey of a record shop: invented, but tied to the real purchases.

Ordinary customers get in touch around their purchases. Demanding ones do so all the time, at length, and are visited.
Everything is drawn for all customers at once; nothing happens before the first or after the last day of the history.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from customers.demo.habits import CAMPAIGNS, HABITS, Campaign, Habit
from customers.demo.history import History, Numbers
from customers.demo.storing import add_rows
from customers.demo.summaries import SUMMARIES
from customers.demo.traits import NOBODY, Traits
from customers.demo.words import REGIONS
from customers.models import ContactMoment

# Day 0 of numpy, 1 January 1970, was a Thursday.
DAYS_TO_MONDAY, SUNDAY = 3, 6
MINUTES_SHAPE = 3.0
LONG_FACTOR = 1.5
# Customers get in touch until so long after their last order.
DAYS_AFTER_LAST_ORDER = 60
# Draws for each moment that is wanted on a day: many fall outside of the time in which their customer was one.
DRAWS = 12
# What the habits were written for; a smaller demonstration has fewer moments a day in proportion.
WHOLE_ORDERS = 69_659
# Staff note the mood of so many of those they deal with; demanding customers are unhappy so many times as often.
MOODS_NOTED = 0.4
DEMANDING_UNHAPPY = 1.5
UNKNOWN = 2
COLUMNS = (
    "customer_id", "touchpoint_id", "direction", "occurred_at", "minutes", "employee_id", "sentiment", "summary",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Staff:
    """Who takes part in contact moments: ids of users."""

    sales: Sequence[int]
    service: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Moments:
    """The moments of one touchpoint, one entry each."""

    touchpoint: str
    direction: str
    customer: Numbers  # position in the history
    at: Numbers  # datetime64[s], UTC
    minutes: Numbers
    employee: Numbers  # id of the user, or NOBODY
    mood: Numbers  # a sentiment, or UNKNOWN
    summary: Numbers

    @property
    def count(self) -> int:
        return len(self.customer)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What every draw of moments needs."""

    history: History
    traits: Traits
    staff: Staff
    zone: ZoneInfo
    rng: np.random.Generator


def draw_moments(stage: Stage) -> list[Moments]:
    """All moments, touchpoint by touchpoint."""
    met: list[tuple[Habit | Campaign, np.ndarray, np.ndarray]]
    met = [(habit, *_by_habit(habit, stage)) for habit in HABITS]
    met += [(campaign, *_by_campaign(campaign, stage)) for campaign in CAMPAIGNS]
    return [_told(habit, customer, day, stage) for habit, customer, day in met]


def store_moments(moments: Sequence[Moments], history: History, touchpoint_ids: Mapping[str, int]) -> int:
    """Keep the moments; how many they were."""
    return sum(add_rows(ContactMoment, COLUMNS, _rows(met, history, touchpoint_ids[met.touchpoint])) for met in moments)


def _rows(met: Moments, history: History, touchpoint: int) -> Iterator[tuple[object, ...]]:
    customers = history.customer_ids[met.customer].tolist()
    told = (met.at.tolist(), met.minutes.tolist(), met.employee.tolist(), met.mood.tolist())
    for customer, at, minutes, employee, mood, summary in zip(customers, *told, met.summary, strict=True):
        sentiment = None if mood == UNKNOWN else mood
        yield customer, touchpoint, met.direction, f"{at}+00", minutes, employee or None, sentiment, summary


def _by_habit(habit: Habit, stage: Stage) -> tuple[Numbers, Numbers]:
    """Customer and day of each moment: some around orders, others at any time while the customer is one."""
    history, rng = stage.history, stage.rng
    chance = habit.for_order * (0.4 + 0.6 * stage.traits.temperament[history.customer])
    chance = chance + habit.for_first_order * history.is_first_order
    hit = np.flatnonzero(rng.random(history.orders) < chance)
    day = history.day[hit] + rng.integers(habit.days[0], habit.days[1] + 1, size=len(hit))
    between_customer, between_day = _between_orders(habit, stage)
    return np.concatenate([history.customer[hit], between_customer]), np.concatenate([day, between_day])


def _between_orders(habit: Habit, stage: Stage) -> tuple[Numbers, Numbers]:
    """About `a_day` moments on every day, once there are customers enough."""
    history, rng = stage.history, stage.rng
    first, days = history.day.min(), history.days
    a_day = habit.a_day * history.orders / WHOLE_ORDERS
    weight = _weights(habit, stage)
    if not weight.any():
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=history.day.dtype)
    draws = rng.poisson(a_day * days * DRAWS)
    customer = rng.choice(history.customers, size=draws, p=weight / weight.sum())
    day = first + rng.integers(days, size=draws)
    begun = day >= history.first_day_of_customer[customer]
    going_on = day <= history.last_day_of_customer[customer] + DAYS_AFTER_LAST_ORDER
    customer, day = customer[begun & going_on], day[begun & going_on]
    kept = _place_in_day(day) < rng.poisson(a_day, size=days)[(day - first).astype(int)]
    return customer[kept], day[kept]


def _weights(habit: Habit, stage: Stage) -> Numbers:
    """How readily each customer has such a moment."""
    traits = stage.traits
    # Those who buy twice as often do not call twice as often.
    weight = np.sqrt(stage.history.orders_of_customer * traits.temperament)
    weight = weight * np.where(traits.is_demanding, habit.demanding_factor, 1.0)
    # Nobody visits a customer whom nobody looks after.
    return weight * (traits.owner != NOBODY) if habit.staff == "owner" else weight


def _place_in_day(day: Numbers) -> Numbers:
    """How many earlier entries have the same day."""
    order = np.argsort(day, kind="stable")
    ordered = day[order]
    place = np.empty(len(day), dtype=np.int64)
    place[order] = np.arange(len(day)) - np.searchsorted(ordered, ordered, side="left")
    return place


def _by_campaign(campaign: Campaign, stage: Stage) -> tuple[Numbers, Numbers]:
    """Customer and day of each piece sent: to customers of the day, readers more often than others."""
    history, rng = stage.history, stage.rng
    share = np.where(stage.traits.reads_newsletter, campaign.readers_share, campaign.others_share)
    customers, days = [], []
    for after in range(campaign.first_after_days, history.days, campaign.every_days):
        day = history.day.min() + after
        reached = (rng.random(history.customers) < share) & (history.first_day_of_customer < day)
        customers.append(np.flatnonzero(reached))
        days.append(np.full(reached.sum(), day))
    if not customers:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=history.day.dtype)
    return np.concatenate(customers), np.concatenate(days)


def _told(habit: Habit | Campaign, customer: Numbers, day: Numbers, stage: Stage) -> Moments:
    """The moments with all that is noted about each; staff do not work on Sundays."""
    if habit.staff:
        day = day + (_weekday(day) == SUNDAY)
    inside = (day >= stage.history.day.min()) & (day <= stage.history.day.max())
    customer, day = customer[inside], day[inside]
    return Moments(
        touchpoint=habit.touchpoint,
        direction=habit.direction,
        customer=customer,
        at=_times(habit, day, stage),
        minutes=_durations(habit, customer, stage),
        employee=_employees(habit, customer, stage),
        mood=_moods(habit, customer, stage),
        summary=_summaries(habit, customer, stage),
    )


def _weekday(day: Numbers) -> Numbers:
    return (day.astype(int) + DAYS_TO_MONDAY) % 7


def _times(habit: Habit | Campaign, day: Numbers, stage: Stage) -> Numbers:
    """UTC of a time within the hours of the habit, in the company's zone."""
    opens, closes = (round(hour * 3600) for hour in habit.hours)
    seconds = stage.rng.integers(opens, closes, size=len(day))
    days, which = np.unique(day, return_inverse=True)
    noons = [dt.datetime.combine(on, dt.time(12), tzinfo=stage.zone) for on in days.tolist()]
    offsets = np.array([round((noon.utcoffset() or dt.timedelta()).total_seconds()) for noon in noons], dtype=int)
    return day.astype("datetime64[s]") + seconds - (offsets[which] if len(day) else 0)


def _durations(habit: Habit | Campaign, customer: Numbers, stage: Stage) -> Numbers:
    """Minutes to the half; demanding customers take longer. What happens by itself takes none."""
    if not habit.minutes:
        return np.zeros(len(customer))
    mean = habit.minutes * np.where(stage.traits.is_demanding[customer], LONG_FACTOR, 1.0)
    return np.maximum(np.round(stage.rng.gamma(MINUTES_SHAPE, mean / MINUTES_SHAPE) * 2) / 2, 0.5)


def _employees(habit: Habit | Campaign, customer: Numbers, stage: Stage) -> Numbers:
    if habit.staff == "owner":
        return stage.traits.owner[customer]
    if not habit.staff:
        return np.full(len(customer), NOBODY)
    people = stage.staff.service if habit.staff == "service" else stage.staff.sales
    return stage.rng.choice(np.array(people), size=len(customer))


def _moods(habit: Habit | Campaign, customer: Numbers, stage: Stage) -> Numbers:
    """How those felt of whom somebody noted it, drawn apart: it changes nothing else that is drawn."""
    if isinstance(habit, Campaign) or not habit.staff:
        return np.full(len(customer), UNKNOWN)
    noted, felt = stage.rng.spawn(1)[0].random((2, len(customer)))
    unhappy = habit.unhappy * np.where(stage.traits.is_demanding[customer], DEMANDING_UNHAPPY, 1.0)
    moods = [ContactMoment.Sentiment.UNHAPPY, ContactMoment.Sentiment.HAPPY]
    mood = np.select([felt < unhappy, felt > 1 - habit.happy], moods, ContactMoment.Sentiment.NEUTRAL)
    return np.where(noted < MOODS_NOTED, mood, UNKNOWN)


def _summaries(habit: Habit | Campaign, customer: Numbers, stage: Stage) -> Numbers:
    """A sentence in the customer's language."""
    speaks_french = np.array([region.language == "fr" for region in REGIONS])[stage.traits.region[customer]]
    english, french = (np.array(SUMMARIES[habit.touchpoint][language], dtype=object) for language in ("en", "fr"))
    chance = stage.rng.random(len(customer))
    return np.where(
        speaks_french,
        french[(chance * len(french)).astype(int)],
        english[(chance * len(english)).astype(int)],
    )

"""The portfolio of a run: asked for, added up once, analysed once for each question, and kept with the run."""

import datetime as dt
from dataclasses import asdict, dataclass
from hashlib import sha256

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from crm_site.lib.jobs.actions import enqueue
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import JobKind
from crm_site.lib.plain import plain
from crm_site.lib.remembered import Lately
from customers.models import Run
from profitability.family_actions import renew_main_families
from profitability.models import PortfolioAnalysis, RunPortfolio
from profitability.periods import month_at, month_index
from profitability.portfolio.concentration import concentration
from profitability.portfolio_statements import (
    MOST_GROUPS,
    SEGMENT,
    Window,
    best_accounts,
    first_and_last_order,
    gather_members,
    gather_months,
    groups_by_trait,
    segments,
    single_customers,
    sums_of_all,
    uncosted_months,
    whole,
)
from profitability.portfolio_totals import Answer, GroupMonths, History, SingleCustomers
from profitability.totals import RunTotals

# So many customers are added up while somebody waits for the page; more in the background.
AT_ONCE = 30_000
LONGEST = 60  # months; what is older tells little of today's customers
A_WEEK = (
    7  # a first month that began later than in its first week is a part of one; so is a last one, where records end
)
RECORDS_ENDED = 31  # days without any order after which the records are taken to have ended before the run


def _portfolio_page(job: Job) -> str:
    return reverse("portfolio")


PORTFOLIO = JobKind(
    "portfolio",
    label=_("Portfolio"),
    stages={"portfolio": _("Adding up months")},
    result_url=_portfolio_page,
    result_label=_("See the portfolio"),
)


@dataclass(frozen=True)
class Question:
    """What somebody asks of a portfolio: the filters of the page."""

    by: str
    over: str  # over which cost a month's profit is taken
    months: int  # the latest so many whole months; 0 for all that are kept
    reach: int  # per cent of its share by which a group may grow or shrink
    segments: tuple[str, ...] = ()  # that the reader may see, where groups are segments

    @property
    def text(self) -> str:
        """As one text, by which its answer is found again."""
        seen = f" {sha256(' '.join(self.segments).encode()).hexdigest()[:32]}" if self.by == SEGMENT else ""
        return f"{self.by} {self.over} {self.months} {self.reach}{seen}"


# Sums that were added up never change, so a process reads each once.
ADDED_UP: Lately[int, RunPortfolio] = Lately(seconds=600, most=4)
CUSTOMERS: Lately[tuple[int, dt.datetime | None], SingleCustomers] = Lately(seconds=600, most=4)


def customers_of(portfolio: RunPortfolio) -> SingleCustomers:
    """What a portfolio that was added up tells of single customers (1 query, then none)."""
    question = (portfolio.pk, portfolio.computed_at)
    return CUSTOMERS.told(question) or CUSTOMERS.keep(question, SingleCustomers.from_json(portfolio.customers))


def portfolio_for(*, run: Run, totals: RunTotals, by: AbstractUser | AnonymousUser) -> RunPortfolio:
    """The portfolio of a run: added up at once where there are few customers, else by a job that it names.

    1 query where it was added up before, none where this process knows that; its sums stay in the database until they
    are asked for.
    """
    if (added_up := ADDED_UP.told(run.pk)) is not None:
        return added_up
    rows = RunPortfolio.objects.select_related("job").defer("history", "customers", "concentration")
    portfolio, _created = rows.get_or_create(run=run)
    if portfolio.computed_at:
        return ADDED_UP.keep(run.pk, portfolio)
    if totals.customers <= AT_ONCE:
        return ADDED_UP.keep(run.pk, compute_portfolio(portfolio_id=portfolio.pk))
    if portfolio.job is None or not portfolio.job.is_active:
        portfolio.job = enqueue(
            kind=PORTFOLIO,
            params={"portfolio": portfolio.pk},
            requested_by=by,
            dedupe_key=f"portfolio:{portfolio.pk}",
        )
        portfolio.save(update_fields=["job"])
    return portfolio


@transaction.atomic
def compute_portfolio(*, portfolio_id: int) -> RunPortfolio:
    """Add the months of all customers up (about 20 queries, and 1 for each segment); done already, it stays."""
    portfolio = RunPortfolio.objects.select_for_update(of=("self",)).select_related("run").get(pk=portfolio_id)
    if portfolio.computed_at:
        return portfolio
    run, totals = portfolio.run, RunTotals.from_json(portfolio.run.totals)
    window = whole_months(run, totals)
    history, customers = History(groupings={}), SingleCustomers()
    if window:
        renew_main_families(run=run)
        gather_months(window, totals.drivers)
        gather_members(run)
        months = len(window.months)
        history = History(
            months=tuple(month.isoformat() for month in window.months),
            uncosted=uncosted_months(window),
            whole=whole(months),
            groupings=groups_by_trait(months) | {SEGMENT: segments(months)},
        )
        customers = single_customers(months)
    found = concentration(best_accounts(run), sums_of_all(run))
    portfolio.history, portfolio.customers = history.as_json(), customers.as_json()
    portfolio.concentration, portfolio.computed_at = plain(asdict(found)), timezone.now()
    portfolio.save(update_fields=["history", "customers", "concentration", "computed_at"])
    RunPortfolio.objects.filter(run__has_rows=False).delete()
    return portfolio


def whole_months(run: Run, totals: RunTotals) -> Window | None:
    """The months that lie wholly within the records, at most the latest `LONGEST`; None without any (1 query)."""
    orders = first_and_last_order(run)
    if orders is None or totals.last_month is None:
        return None
    first, latest = orders
    if (run.as_of - latest).days > RECORDS_ENDED:
        after = latest + dt.timedelta(days=A_WEEK)
    else:
        after = run.as_of + dt.timedelta(days=1)
    last = min(month_index(dt.date.fromisoformat(totals.last_month)), month_index(after) - 1)
    start = max(month_index(first) + (first.day > A_WEEK), last - LONGEST + 1)
    return Window(run, month_at(start), month_at(last)) if start <= last else None


def answer_to(*, portfolio: RunPortfolio, question: Question) -> Answer:
    """The answer to a question: worked out once, within a tenth of a second (1 query afterwards)."""
    kept = PortfolioAnalysis.objects.filter(portfolio=portfolio, question=question.text).first()
    if kept is None:
        found = work_out(History.from_json(portfolio.history), question)
        kept, _created = PortfolioAnalysis.objects.get_or_create(
            portfolio=portfolio, question=question.text, defaults={"totals": found.as_json()}
        )
    return Answer.from_json(kept.totals)


def work_out(history: History, question: Question) -> Answer:
    """What numpy and scipy find, which are loaded by name: pages do without them where an answer is kept."""
    analyse = import_string("profitability.portfolio.analysis.analyse")
    made = import_string("profitability.portfolio.returns.History")
    groups = history.groupings.get(question.by, ())
    if question.by == SEGMENT:
        groups = tuple(group for group in groups if not group.key or group.key in question.segments)[:MOST_GROUPS]
    cut = slice(-question.months, None) if question.months else slice(None)
    months = history.months[cut]

    def latest(group: GroupMonths) -> object:
        profit, cost = ([cents / 100 for cents in series[cut]] for series in (group.profit, group.cost))
        return made(key=group.key, customers=group.customers, profit=profit, cost=cost)

    everybody = history.whole or GroupMonths(key="", customers=0, profit=(), cost=())
    return Answer(
        analysis=analyse(
            latest(everybody), [latest(group) for group in groups], over=question.over, reach=question.reach / 100
        ),
        months=len(months),
        uncosted=len(set(history.uncosted) & set(months)),
        first=months[0] if months else None,
        last=months[-1] if months else None,
    )

"""The recompute: records -> months -> costs -> lifetime values -> ranking -> scorecards, published at once.

    base        whether everybody's records are read or those of customers who changed, and what is then taken up
    reading     all that a run takes from the database; plan: the costing, as the pure module reads it
    records     read once and laid aside by slices of customers; orders, moments: what is counted of these
    months      what each customer did in each month; gather: slice by slice
    charges     rates of each month, charges to every customer, reconciliation to the cent
    accounts    one row of numpy columns for each customer
    forecast    lifetime values; contracts: those of subscribers
    scorecards  ranks, categories, stages; places: ranks that changed; summary: totals; publish: the pointer
    everybody   all of that for everybody; laid_aside: what later runs take up of it
    changed     the same for whoever changed, and for whom that moved

Only workers and commands import this package: it loads scipy.
"""

from datetime import date

from crm_site.lib.jobs.context import JobContext
from customers.models import Run
from profitability.recompute.base import Models
from profitability.recompute.changed import recompute_changed
from profitability.recompute.everybody import recompute_everybody
from profitability.recompute.publish import begin
from profitability.recompute.reading import read_basis
from profitability.recompute.stopwatch import Stopwatch
from profitability.recompute.work import Work


def run_recompute(
    *, context: JobContext, as_of: date, reason: str, full: bool = True, models: Models | None = None
) -> Run:
    """Compute the figures of all customers as of a day and publish them.

    Unless it is to be a full run, only the records of customers who changed since the last full one are read, where
    nothing that concerns everybody changed. `models` are used instead of fitting any.

    All records are read in one state of the database, so that no order is counted in one figure and not in another.
    What is written cannot be seen before the end, when one transaction shows all of it; killed at any moment, the work
    leaves nothing that a reader could see, and done again it comes to the same figures.
    """
    run = begin(job=context.job, as_of=as_of, reason=reason)
    work = Work(run, context, Stopwatch(context))
    with work.watch.stage("facts"):
        basis = read_basis(run, full=full)
    if basis.read.former is None:
        recompute_everybody(work, basis, kept=models)
    else:
        recompute_changed(work, basis, basis.read.former)
    return run

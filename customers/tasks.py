"""Background work on customers: ids in, one action called."""

from typing import Any

from crm_site.lib.jobs.context import JobContext
from crm_site.lib.jobs.registry import job_handler
from customers.actions import IMPORT_ORDERS, finish_import


@job_handler(IMPORT_ORDERS)
def import_orders(context: JobContext) -> dict[str, Any]:
    params = context.params
    return finish_import(
        import_id=params["import"], stored_file=params["file"], mapping=params["mapping"], watch=context
    )

"""News from below that changes the figures."""

from typing import Any

from django.dispatch import receiver

from customers.models import Import, Run
from customers.signals import orders_imported
from profitability.actions import request_recompute


@receiver(orders_imported, dispatch_uid="recompute after an import")
def recompute_after_import(sender: type[Import], imported: Import, **kwargs: Any) -> None:
    """Imported orders change what every customer earns, and so the ranking of all."""
    if imported.accepted:
        request_recompute(reason=Run.Reason.IMPORT, requested_by=imported.requested_by)

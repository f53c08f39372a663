"""An invented morning at the office: some customers' data are changed by the people who look after them."""

from __future__ import annotations

import numpy as np

from crm_site.lib.trail.actor import Actor, acting
from customers.demo.moments import Staff
from customers.models import Customer, Task
from customers.models.channel import Channel

CHANGED = 60
TIMES = ("mornings", "after 18:00", "Wednesdays", "at lunchtime")
CHANNELS = (Channel.PHONE, Channel.EMAIL, Channel.LETTER)


def invent_changes(staff: Staff, rng: np.random.Generator) -> int:
    """Change customers who have a task, once or twice each, so that their files have a trail; how many there are."""
    with_task = (
        Task.objects.open().exclude(customer=None).order_by("due_on", "id").values_list("customer_id", flat=True)
    )
    chosen = list(dict.fromkeys(with_task[: 2 * CHANGED]))[:CHANGED]
    owners = dict(Customer.objects.filter(pk__in=chosen).values_list("pk", "owner_id"))
    for pk in chosen:
        with acting(Actor(user=owners[pk] or int(rng.choice(staff.sales)))):
            Customer.objects.filter(pk=pk).update(best_time=str(rng.choice(TIMES)))
        if rng.random() < 0.5:
            with acting(Actor(user=int(rng.choice(staff.service)))):
                Customer.objects.filter(pk=pk).update(preferred_channel=str(rng.choice(CHANNELS)))
    return len(chosen)

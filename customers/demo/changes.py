"""An invented morning at the office: some customers' data are changed by the people who look after them."""

from __future__ import annotations

import numpy as np

from crm_site.lib.trail.actor import Actor, acting
from customers.demo.moments import Staff
from customers.models import Customer, Task
from customers.models.channel import Channel

CHANGED = 60
TIMES = {
    "en": ("mornings", "after 18:00", "Wednesdays", "at lunchtime"),
    "fr": ("le matin", "après 18 h", "le mercredi", "à l’heure du déjeuner"),
}
CHANNELS = (Channel.PHONE, Channel.EMAIL, Channel.LETTER)


def invent_changes(staff: Staff, rng: np.random.Generator) -> int:
    """Change customers who have a task, once or twice each, so that their files have a trail; how many there are."""
    with_task = (
        Task.objects.open().exclude(customer=None).order_by("due_on", "id").values_list("customer_id", flat=True)
    )
    chosen = list(dict.fromkeys(with_task[: 2 * CHANGED]))[:CHANGED]
    customers = Customer.objects.only("owner_id", "language").in_bulk(chosen)
    for pk in chosen:
        owner, times = customers[pk].owner_id, TIMES["fr" if customers[pk].language == "fr" else "en"]
        with acting(Actor(user=owner or int(rng.choice(staff.sales)))):
            Customer.objects.filter(pk=pk).update(best_time=str(rng.choice(times)))
        if rng.random() < 0.5:
            with acting(Actor(user=int(rng.choice(staff.service)))):
                Customer.objects.filter(pk=pk).update(preferred_channel=str(rng.choice(CHANNELS)))
    return len(chosen)

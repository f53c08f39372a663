from django.dispatch import Signal

# Sent after a job was done well, with `job`. The sender is its JobKind.
job_finished = Signal()

from django.dispatch import Signal

# Sent after a job was done well, with `job`. The sender is the name of its kind.
job_finished = Signal()

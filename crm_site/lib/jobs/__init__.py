"""Background jobs: the truth about a job is a row in PostgreSQL; the Celery message is only its doorbell."""

"""The broker, asked directly: for what must be known at once, without Celery's patience."""

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


def broker_client(*, timeout: float) -> redis.Redis:
    """A client that gives up after `timeout` seconds and does not try again by itself."""
    # Celery and redis-py write the address of a Unix socket differently.
    address = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://").replace("virtual_host=", "db=")
    return redis.Redis.from_url(
        address, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 0)
    )


def broker_answers(*, timeout: float) -> bool:
    """Whether the broker is there and awake."""
    with broker_client(timeout=timeout) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False

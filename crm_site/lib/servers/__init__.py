"""The two servers that wheels carry, each started and stopped as a process of its own on a private Unix socket.

Nothing here decides *when*: see `crm_site.embedded`. Both run without TCP, apart from the terminal (so that Ctrl-C
reaches us first and them last), and as an unprivileged user when we are root, which PostgreSQL insists on.
"""

from crm_site.lib.servers.ground import (
    Account,
    EmbeddedServerError,
    Folders,
    let_through,
    own_folder,
    say,
    server_account,
)
from crm_site.lib.servers.postgres import OWNER_OF_DATABASES, Postgres
from crm_site.lib.servers.valkey import Valkey

__all__ = [
    "OWNER_OF_DATABASES",
    "Account",
    "EmbeddedServerError",
    "Folders",
    "Postgres",
    "Valkey",
    "let_through",
    "own_folder",
    "say",
    "server_account",
]

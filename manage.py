#!/usr/bin/env python
"""Command line of Compagnon: starts the embedded servers when no address of others is given, then runs the command."""

import os
import sys

from django.core.management import execute_from_command_line

from crm_site import embedded


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_site.settings")
    with embedded.servers_for(sys.argv):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

#!/usr/bin/env python
"""Django's command line. Development settings unless DJANGO_SETTINGS_MODULE says otherwise."""

import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings.development")
    # Row-level security hides every tenant row from the owner of the tables: commands run as the
    # worker, but for those that change the schema.
    needs_owner = {"migrate", "flush", "sqlmigrate"}
    is_owner_command = len(sys.argv) > 1 and sys.argv[1] in needs_owner
    os.environ.setdefault("HALLE_DB_ROLE", "owner" if is_owner_command else "worker")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

"""Django in this process, on a database of its own, for measures that are not of whole processes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def site() -> Iterator[None]:
    """Inside, Django runs as in the tests: the newest schema, the web role, no network beyond this machine.

    Import models and factories inside only.
    """
    os.environ["DJANGO_SETTINGS_MODULE"] = "marketplace.settings.test"
    import django

    django.setup()
    from django.db import connections

    from tests.tools.database import point_django_at, test_database

    with test_database() as name:
        point_django_at(connections.databases["default"], name)
        try:
            yield
        finally:
            connections.close_all()

"""Which tests run on one worker, because what they stand on is costly and made once; and which come first.

pytest-xdist has marks for this, which pytest 9.2 no longer sees: xdist writes a test's group where pytest has
ceased to read its name. Told here by file instead, to xdist's own scheduler.
"""

from xdist.scheduler import LoadScopeScheduling

ONCE = {
    "tests/browser/": "a running stack",
    "tests/sso/keycloak/": "Keycloak",
    "tests/demo/test_seed.py": "the demo",
    "tests/marketplace/test_vintage_2027.py": "the register",
    "tests/tenants/test_commune_search.py": "the register",
}

# Where the tests that are tried on the same thing share what is made of it.
ONCE_FOR_EACH = "tests/consistency/"
# Long by themselves. What begins last is short, for all workers to end together.
LONG = [
    "tests/marketplace/pages/test_wagtail.py::test_no_page_of_wagtail_names",
    "tests/concurrency/test_killed_billing.py",
    "tests/concurrency/test_killed_workers.py",
    "tests/concurrency/test_member_import.py::test_a_worker_killed",
    "tests/concurrency/test_grids.py::test_a_killed_worker",
    "tests/consistency/test_settings.py::test_production_passes",
]
FIRST = [*ONCE, *LONG]


class Scheduling(LoadScopeScheduling):
    """Each test by itself, but those; in the order they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(ONCE_FOR_EACH) and "[" in nodeid:
            return nodeid[nodeid.index("[") :]
        return next((group for path, group in ONCE.items() if nodeid.startswith(path)), nodeid)


def turn(nodeid: str) -> int:
    """By which to sort the tests: the longest first, then all others as they are."""
    return next((n for n, path in enumerate(FIRST) if nodeid.startswith(path)), len(FIRST))

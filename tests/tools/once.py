"""Which tests run on one worker, because what they stand on is costly and made once.

pytest-xdist has marks for this, which pytest 9.2 no longer sees: xdist writes a test's group where pytest has
ceased to read its name. Told here by file instead, to xdist's own scheduler.
"""

from xdist.scheduler import LoadScopeScheduling

ONCE = {
    "tests/browser/": "a running stack",
    "tests/demo/test_seed.py": "the demo",
    "tests/marketplace/test_vintage_2027.py": "the register",
    "tests/tenants/test_commune_search.py": "the register",
}

# Where the tests that are tried on the same thing share what is made of it.
ONCE_FOR_EACH = "tests/consistency/"


class Scheduling(LoadScopeScheduling):
    """Each test by itself, but those."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(ONCE_FOR_EACH) and "[" in nodeid:
            return nodeid[nodeid.index("[") :]
        return next((group for path, group in ONCE.items() if nodeid.startswith(path)), nodeid)

"""`python -m devstack [--port 8000]`: what `make run` calls."""

from devstack.problem import tell_problems
from devstack.supervisor.main import main

raise SystemExit(tell_problems(main))

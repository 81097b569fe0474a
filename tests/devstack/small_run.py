"""A run of the real supervisor over processes that cost nothing: `small_run.py PORT [FLAVOUR…]`.

Flavours: `dies` (one process ends by itself), `no-database`, `slow-start` (a first step that takes a while).
"""

import sys
import time

from devstack import database
from devstack.problem import tell_problems
from devstack.supervisor import main
from devstack.supervisor.processes import Process

SERVER = ["-m", "http.server", "--bind", "127.0.0.1", "--directory", "/var/empty"]
LOOP = "import time\nprint('Starting worker')\nwhile True: time.sleep(1)"
DYING = "import sys, time\nprint('about to fail')\ntime.sleep(1)\nsys.exit('no more paper')"
# Ends neither on SIGTERM nor with its parent: what only the next run can end.
STUBBORN = (
    "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('Starting')\nwhile True: time.sleep(1)"
)
flavours = set(sys.argv[2:])


def prepare(stack):
    if "slow-start" in flavours:
        print("slow start", flush=True)
        time.sleep(60)
    if "no-database" not in flavours:
        database.ensure_server()


def table(stack):
    processes = [
        Process("web", [*SERVER, str(stack.port)], ready=f"{stack.url}/"),
        Process("worker", ["-c", LOOP], ready="Starting worker"),
    ]
    if "dies" in flavours:
        processes.append(Process("printer", ["-c", DYING]))
    if "stubborn" in flavours:
        processes.append(Process("mule", ["-c", STUBBORN], ready="Starting"))
    return processes


main.welcome = lambda url, seconds: f"ready at {url}"
raise SystemExit(tell_problems(lambda: main.run(sys.argv[1], prepare, table)))

"""Billing: how fast a year is drafted for all of France, at what cost, and how fast invoices are issued."""

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime

import psutil

from tests.bench import Figure
from tests.bench.billing_review import review_page
from tests.bench.billing_world import GRIDS, forget_drafts, seconds_to_copy, subscribe_all
from tests.bench.provisioning import worker
from tests.bench.site import site
from tests.bench.spine import detail, subscribe
from tests.bench.tenants_world import load_whole_register, make_member_organisations

ROUNDS = 3
TENTH = 10
WORKERS = 2
PATIENCE = 600  # seconds that a run may take
ISSUED = 100
NOT_PRICED = 50  # at most: six communes destroyed in 1916 have no inhabitant


def drafts_of_a_department() -> Iterator[Figure]:
    """A year's drafts of 250 bodies with 800 subscriptions of two lines each, from the start of the job."""
    years = range(2026, 2026 + 2 * ROUNDS)
    with site():
        from tests.factories import OperatorFactory
        from tests.tools.database import as_worker

        operator = OperatorFactory()
        with as_worker():
            subscribe(operator, members=250, subscriptions=800)
            taken = [seconds_to_draft(operator, year, lines=1_600) for year in years]
    yield Figure(
        "billing.drafts1600_s", round(statistics.median(taken), 3), "s",
        detail(f"1,600 lines of 800 subscriptions of 250 bodies; median of {len(taken)}; limit 0.5 s"),
    )  # fmt: skip


def drafts_of_france() -> Iterator[Figure]:
    """A year's drafts of 35,000 organisations with five subscriptions each, by two workers: time, against
    that of a tenth and of a bare COPY, and memory."""
    with site(), ExitStack() as stack:
        from django.db import connection

        from tests.factories import OperatorFactory
        from tests.tools.database import as_worker

        whole, tenth = OperatorFactory(), OperatorFactory()
        name = connection.settings_dict["NAME"]
        load_whole_register()
        members = make_member_organisations()
        lines = subscribe_all(name, whole, members)
        lines_of_tenth = subscribe_all(name, tenth, members[::TENTH])
        taken, taken_by_tenth, grown = [], [], []
        workers = [stack.enter_context(worker(name, "work")) for _ in range(WORKERS)]
        stack.enter_context(as_worker())
        seconds_of_workers(tenth, 2026, lines=lines_of_tenth)  # what is kept in memory from the first on
        for year in range(2027, 2027 + ROUNDS):
            forget_drafts(name)
            with memory_grown(grown, [psutil.Process(one.pid) for one in workers]):
                taken.append(seconds_of_workers(whole, year, lines=lines))
        copied = seconds_to_copy(name)
        for year in range(2027, 2027 + ROUNDS):
            forget_drafts(name)
            taken_by_tenth.append(seconds_of_workers(tenth, year, lines=lines_of_tenth))
    drafted = statistics.median(taken)
    a_line, in_tenth = drafted / lines, statistics.median(taken_by_tenth) / lines_of_tenth
    what = f"{lines:,} lines of {len(members):,} organisations × {len(GRIDS)} services, {WORKERS} workers"
    yield Figure(
        "billing.drafts175k_s", round(drafted, 2), "s",
        detail(f"{what}; median of {ROUNDS}: {', '.join(f'{one:.1f}' for one in taken)}; limit 20 s"),
    )  # fmt: skip
    yield Figure(
        "billing.linear_ratio", round(a_line / in_tenth, 3), "×",
        detail(
            f"{a_line * 1e6:.0f} µs a line for {lines:,}, {in_tenth * 1e6:.0f} µs for {lines_of_tenth:,}; "
            "limit 1.15"
        ),
    )  # fmt: skip
    yield Figure(
        "billing.memory_growth_mb", round(max(grown), 1), "MB",
        detail(f"{what}; the most that a worker's resident memory grew in the job; limit 60 MB"),
    )  # fmt: skip
    yield Figure(
        "billing.copy_ratio", round(drafted / copied, 2), "×",
        detail(f"{what}; a bare COPY of the same rows, indexes and foreign keys: {copied:.2f} s; limit 8"),
    )  # fmt: skip


def issuing() -> Iterator[Figure]:
    """Approved drafts issued by one worker: number, CII and PDF/A-3 of each; against typst and factur-x
    alone, in a loop over the same invoices, their XML at hand."""
    with site():
        from billing import approving, files, operations
        from billing.documents import render_cii
        from billing.models import Invoice, InvoiceFile
        from tests.factories import OperatorFactory, read
        from tests.tools.database import as_worker

        operator = OperatorFactory()
        with as_worker():
            subscribe(operator, members=ISSUED, subscriptions=2 * ISSUED)
            taken, alone = [], []
            for year in range(2026, 2026 + ROUNDS):
                run = drafted(operator, year)
                now = noon(year)
                read(run, now=now)
                approving.approve_run(run=run, approved_by=run.started_by, now=now)
                start = time.perf_counter()
                operations.issue_run(run_id=run.pk, now=now)
                for pk in Invoice.objects.filter(run=run).order_by("pk").values_list("pk", flat=True):
                    files.make_file(invoice_id=pk, now=now)
                taken.append(time.perf_counter() - start)
                if (made := InvoiceFile.objects.filter(invoice__run=run).count()) != ISSUED:
                    raise RuntimeError(f"{made} files, not {ISSUED}")
                issued = Invoice.objects.filter(run=run).prefetch_related("lines").select_related("corrects")
                documents = [files.document_of(invoice) for invoice in issued]
                alone.append(seconds_alone([(one, render_cii(one)) for one in documents]))
    rate, rate_alone = ISSUED / statistics.median(taken), ISSUED / statistics.median(alone)
    what = f"{ISSUED} invoices of 4 lines, number, CII, PDF/A-3 and their rows; median of {ROUNDS}"
    yield Figure(
        "billing.issue_per_s", round(rate, 1), "invoices/s",
        detail(f"{what}; one process; at least 25"),
    )  # fmt: skip
    yield Figure(
        "billing.pipeline_ratio", round(rate / rate_alone, 2), "×",
        detail(f"{what}; typst and factur-x alone make {rate_alone:.1f} a second; at least 0.6"),
    )  # fmt: skip


def seconds_alone(documents: list) -> float:
    """What a script would take that only draws each page by typst, its compiler kept, and has factur-x embed
    the XML."""
    import json
    import re

    import typst
    from facturx import generate_from_binary

    from billing.documents import factur_x
    from billing.documents.page import page
    from tenants.documents.fonts import FAMILY, fonts

    template = re.sub(rb"#pdf\.attach\(.*?\n\)\n", b"", factur_x._template(), flags=re.S)
    compiler = typst.Compiler(font_paths=fonts())
    contents = [
        json.dumps({"family": FAMILY, "xml_name": "factur-x.xml", **page(document)})
        for document, _ in documents
    ]
    start = time.perf_counter()
    for content, (_, xml) in zip(contents, documents, strict=True):
        pdf = compiler.compile(
            template, format="pdf", pdf_standards=["a-3a", "ua-1"], sys_inputs={"content": content}
        )
        generate_from_binary(pdf, xml, flavor="factur-x", level="en16931", check_xsd=False)
    return time.perf_counter() - start


def seconds_to_draft(operator, year: int, *, lines: int) -> float:
    """One run of that year, from the start of the job to its end."""
    from billing.models import InvoiceLine

    start = time.perf_counter()
    run = drafted(operator, year)
    seconds = time.perf_counter() - start
    if (made := InvoiceLine.objects.filter(invoice__run=run).count()) != lines:
        raise RuntimeError(f"{made} lines, not {lines}")
    return seconds


def seconds_of_workers(operator, year: int, *, lines: int) -> float:
    """One run of that year, from the click that starts it to its drafts being ready, by real workers."""
    from django.db import transaction

    from billing import operations
    from billing.models import BillingRun, InvoiceLine, RunState
    from billing.periods import Period
    from tests.factories import UserFactory

    person, period = UserFactory(), Period(date(year, 1, 1), date(year + 1, 1, 1))
    start = time.perf_counter()
    with transaction.atomic():
        run = operations.start_run(operator=operator, period=period, started_by=person, now=noon(year))
    while not BillingRun.objects.filter(pk=run.pk, state=RunState.REVIEW).exists():
        if time.perf_counter() - start > PATIENCE:
            raise RuntimeError("the drafts were never ready")
        time.sleep(0.02)
    seconds = time.perf_counter() - start
    run.refresh_from_db()
    made = InvoiceLine.objects.filter(invoice__run=run).count()
    if made != lines - len(run.problems) or len(run.problems) > NOT_PRICED:
        raise RuntimeError(f"{made} lines and {len(run.problems)} problems for {lines} subscriptions")
    return seconds


def drafted(operator, year: int):
    """A run of that year, its drafts made by the job."""
    from billing import operations
    from tests.factories import BillingRunFactory

    run = BillingRunFactory(operator=operator, period_start=date(year, 1, 1), period_end=date(year + 1, 1, 1))
    operations.draft_run(run_id=run.pk, now=noon(year))
    run.refresh_from_db()
    return run


def noon(year: int) -> datetime:
    """A day of the year's last month."""
    return datetime(year, 12, 1, 11, tzinfo=UTC)


@contextmanager
def memory_grown(found: list[float], processes: list[psutil.Process]) -> Iterator[None]:
    """Adds to `found` by how many megabytes, at most, one of them had grown since the start."""
    done = threading.Event()
    starts = [one.memory_info().rss for one in processes]
    most = list(starts)

    def watch() -> None:
        while not done.wait(0.05):
            most[:] = [max(held, one.memory_info().rss) for held, one in zip(most, processes, strict=True)]

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()
    found.append(max(held - start for held, start in zip(most, starts, strict=True)) / 1e6)


MEASURES = [drafts_of_a_department, drafts_of_france, issuing, review_page]

"""`manage.py seed_demo`: a working market to look at. May be repeated: what is there is not made again."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.utils import timezone
from django.utils.timezone import localdate

from billing.spending import count_norms
from catalog.finding import indexing
from demo.seed import bills, broker_catalog
from demo.seed.accesses import make_accesses
from demo.seed.agents import make_agents
from demo.seed.agreements import make_agreements
from demo.seed.choices import make_choices
from demo.seed.claims import make_claims
from demo.seed.connections import make_connections
from demo.seed.contests import make_contests
from demo.seed.contracts import make_contracts
from demo.seed.credit_notes import make_credit_notes
from demo.seed.curation import make_curation
from demo.seed.departures import make_departures
from demo.seed.doors import open_doors
from demo.seed.editorial import make_editorial
from demo.seed.entering import make_entering
from demo.seed.envelopes import make_envelope
from demo.seed.history import make_history
from demo.seed.intercommunality import make_forez_est
from demo.seed.late_payments import make_late_payments
from demo.seed.letters import send_later
from demo.seed.members import make_members
from demo.seed.moves import plan_a_move
from demo.seed.offers import open_market
from demo.seed.operators import make_operators
from demo.seed.opinions import make_opinions
from demo.seed.options import price_options
from demo.seed.orders import place_orders
from demo.seed.payers import make_payers
from demo.seed.people import make_people, make_staff
from demo.seed.remarks import make_remarks
from demo.seed.revisions import revise_tariffs
from demo.seed.sheets import make_drafts
from demo.seed.shelves import make_shelves
from demo.seed.sources import make_sources
from demo.seed.states import ask_by_message, close_some, make_requests
from demo.seed.statutes import record_adhesions, write_statutes
from demo.seed.storefronts import make_storefronts
from demo.seed.titres import make_titres
from demo.seed.transfers import prepare_transfers
from demo.seed.trials import make_trial
from demo.seed.usage import correct_usage, tell_usage
from demo.seed.value import make_value_file
from demo.seed.vat import decide_vat
from demo.seed.vendor_papers import make_vendor_papers
from demo.seed.vendor_statements import make_statements
from demo.seed.vendors import make_vendors
from provisioning.track_records import count_track_records
from subscriptions.expecting import record_delays
from subscriptions.usage import count_usage
from tenants.models import Operator, Territory
from tenants.tenancy import every_tenant

SEED = 42137
LOCK = 4213742137  # one seed at a time


class Command(BaseCommand):
    requires_system_checks = []
    help = "Fills an empty Halle with its demonstration. May be repeated."

    def add_arguments(self, parser):
        parser.add_argument(
            "--write-broker-catalog", action="store_true", help="only write demo/broker_catalog.json again"
        )

    def handle(self, *args, **options):
        logging.disable(logging.INFO)  # Wagtail tells of every page it saves
        if options["write_broker_catalog"]:
            broker_catalog.write_broker_catalog()
            return
        if not Territory.objects.exists():
            with self.telling("the register of communes"):
                call_command("load_register", stdout=self.stdout)
        with every_tenant():
            # One transaction: a seed that is killed leaves nothing half-made.
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
                if Operator.objects.exists():
                    self.stdout.write("the market is there already")
                    make_people()
                    make_connections()
                else:
                    self.make_market()
            with self.telling("the first invoice files"):
                bills.make_first_files(now=timezone.now())

    def make_market(self) -> None:
        """Everything, in the order of what needs what. The same seed always makes the same market."""
        rng = Random(SEED)
        with self.telling("operators, vendors, 60 services, 300 communes"):
            operators = make_operators()
            make_shelves(operators=operators, vendors=make_vendors())
            write_statutes(operators=operators)
            make_members(operators=operators, rng=rng)
            record_adhesions(operators=operators)
            make_storefronts(operators=operators)
        with self.telling("people and connections"):
            people = make_people()
            make_staff(rng=rng)
            decide_vat(operators=operators)
            make_vendor_papers(people=people)
            make_editorial(operators=operators, people=people)
            open_doors(operators=operators, people=people, now=timezone.now())
            make_connections()
            plan_a_move(now=timezone.now())
        with self.telling("subscriptions"):
            market = open_market()
            history = make_history(market=market, rng=rng)
            place_orders(history=history)
            close_some(history=history)
            make_accesses(people=people)
            make_agents(people=people)
            make_entering()
        with self.telling("billing periods"):
            tell_usage()
            bills.make_bills(operators=operators, rng=rng)
            correct_usage()
            make_credit_notes(operators=operators)
            make_contests(operators=operators)
            make_late_payments(operators=operators)
            make_titres(operators=operators)
            make_statements(operators=operators)
            bills.enqueue_files()
        with self.telling("requests of November"):
            make_requests(market=market, rng=rng)
            ask_by_message(market=market)
            make_envelope()
            make_departures()
            make_agreements(market=market, rng=rng)
            make_forez_est(market=market, rng=rng)
            make_payers(rng=rng)
            send_later(kind="bulk")
        with self.telling("what waits for curators"):
            make_curation(operators=operators)
            revise_tariffs(operators=operators)
            price_options()
            make_sources(operators=operators)
            make_drafts(operators=operators, now=timezone.now())
        with self.telling("what becomes of contracts"):
            make_contracts(operators=operators)
            prepare_transfers(operators=operators)
            make_trial(market=market)
        with self.telling("what vendors claim"):
            make_claims()
        with self.telling("a value file"):
            make_value_file()
        with self.telling("what is odd in a run"):
            make_remarks(operators=operators)
        with self.telling("opinions and needs"):
            make_opinions(operators=operators)
        with self.telling("what is searched and filtered"):
            indexing.rebuild()
            count_usage(on=localdate(timezone.now()))
            record_delays(on=localdate(timezone.now()))
            count_track_records(on=localdate(timezone.now()))
            count_norms(on=localdate(timezone.now()))
        with self.telling("what the main commune keeps and chooses"):
            make_choices(market=open_market())

    @contextmanager
    def telling(self, what: str) -> Iterator[None]:
        """Says what begins, and how long it took."""
        start = time.monotonic()
        self.stdout.write(f"{what}…")
        self.stdout.flush()
        yield
        self.stdout.write(f"    {time.monotonic() - start:.1f} s")

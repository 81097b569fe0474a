"""Who opens what: every address of Halle, for every role, at home.

How to read a row: `opens(SIGNATORY)` answers 200 to a signatory of the organisation in the address;
`leads(SIGNATORY)` answers with a redirect. Whoever is not named gets 404 (never 403: a stranger learns
nothing), and an anonymous visitor is led to sign-in. A method without a column answers 405 to whoever opens
the address by the other one, 404 to everybody else.

An auditor needs no column: at her operator's door she reads every page and sends nothing.

At another organisation's door, or with something of another organisation behind one's own door, every row
that has a door answers 404 to all; `foreign` names the exceptions, and why.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from uuid import UUID, uuid4

from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate

from billing.models import DrawingState, StatementState, VendorStatement
from billing.periods import periods_of
from billing.review import billable_periods
from catalog.models import TermsAgreement, Vendor, VendorTerms
from catalog.vendors.declarations import QUESTIONS
from marketplace.web.operator.forms import period_key
from subscriptions.amending import first_days
from subscriptions.coverage import members_by_service
from subscriptions.coverage_letters import people_of, recipients
from subscriptions.models import ContractTransfer
from tenants.models import Adhesion, Organisation, Role, SeatMove
from tenants.people.invitations import token_of
from tests.catalog.publiccode.files import RIGHT, written
from tests.factories import (
    CommissionTermsFactory,
    ContractTransferFactory,
    InvoiceFactory,
    InvoiceFileFactory,
    LedgerDifferenceFactory,
    ProposalFactory,
    SeatMoveFactory,
    SettlementFactory,
    StatementRunFactory,
    UserFactory,
    VendorFactory,
    VendorStatementFactory,
)
from tests.factories.subscriptions import PDF
from tests.factories.tenants import second_siret, siret
from tests.permissions import operator_forms as forms
from tests.permissions.world import ANONYMOUS, ENDED, NO_MANDATE, PEOPLE, STAFF, World
from tests.tools.database import as_worker

# --- Who -----------------------------------------------------------------------------------------------

SECRETARY, SIGNATORY, ORG_ADMIN = Role.SECRETARY, Role.SIGNATORY, Role.ORG_ADMIN
MEMBERS = [Role.AGENT, SECRETARY, SIGNATORY, Role.FINANCE, ORG_ADMIN]
ASKING = [SECRETARY, SIGNATORY, ORG_ADMIN]
VENDOR_ADMIN = Role.VENDOR_ADMIN
VENDORS = [Role.VENDOR_EDITOR, VENDOR_ADMIN]
AUDITOR = Role.AUDITOR
OPERATORS = [Role.CURATOR, Role.OPERATOR_FINANCE, Role.OPERATOR_ADMIN]
MONEY = [Role.OPERATOR_FINANCE, Role.OPERATOR_ADMIN]
TASKS = [Role.CURATOR, Role.OPERATOR_ADMIN]
WITH_A_MANDATE = list(Role.values)
OPERATOR_ADMIN = Role.OPERATOR_ADMIN
ADMINISTRATORS = [ORG_ADMIN, Role.OPERATOR_ADMIN, Role.VENDOR_ADMIN]
PEOPLE_READERS = [*ADMINISTRATORS, SIGNATORY, AUDITOR]
LOG_READERS = [role for role in Role.values if role not in (Role.AGENT, Role.VENDOR_EDITOR)]
ADDRESSEES = [ORG_ADMIN, SECRETARY, Role.FINANCE, Role.OPERATOR_ADMIN, Role.VENDOR_ADMIN]
SIGNED_IN = [who for who in PEOPLE if who != ANONYMOUS]
EVERYONE = list(PEOPLE)

# --- What they are answered ----------------------------------------------------------------------------

SIGN_IN = "sign-in"  # a redirect to it
Answers = dict[str, int | str]


def _answer(status: int | str) -> Callable[..., Answers]:
    def answers(*who: str | Iterable[str]) -> Answers:
        names = [name for one in who for name in ([one] if isinstance(one, str) else one)]
        return {str(name): status for name in names}

    return answers


opens, leads, bad_request, not_found = (_answer(status) for status in (200, 302, 400, 404))


@dataclass(frozen=True)
class Row:
    """One address. `door` are the arguments that name the organisation, `thing` those that name what is
    behind it; `sends` is the form of a POST that does its work."""

    name: str
    get: Answers = field(default_factory=dict)
    post: Answers = field(default_factory=dict)
    door: Callable[[World], list] | None = None
    thing: Callable[[World], list] | None = None
    sends: Callable[[World], dict] = lambda world: {}
    foreign: Answers = field(default_factory=dict)  # to somebody else's thing behind one's own door
    without_csrf_token: str = ""  # why a POST needs none
    lists_halls: bool = False  # names every operator: that they exist is public
    lists_members: bool = False  # shows the operator's members, the one it shares with B among them
    lists_operators: bool = False  # names every operator there is
    only_shows: bool = False  # its POST answers with a page and writes nothing
    only_get: bool = False  # a library's page: other methods are its business
    place: str = ""  # which organisation is at the door, for an address that all kinds of them have

    def __str__(self):
        return f"{self.name}-{self.place}" if self.place else self.name

    @property
    def may_post(self) -> list[str]:
        """Whose POST does its work."""
        return [who for who, status in self.post.items() if status in (200, 302)]

    def url(self, door: World, thing: World | None = None) -> str:
        """The address of `thing`'s thing (`door`'s own if not said) behind `door`'s door."""
        arguments = [
            *(self.door(door) if self.door else []),
            *(self.thing(thing or door) if self.thing else []),
        ]
        return reverse(self.name, args=arguments)

    def asks(self, method: str) -> list[str]:
        """By whom the address is asked for at home: by everybody, where the method has a column. No view
        answers another method: somebody whom the address opens by its own, somebody it does not, a
        visitor."""
        if self.only_get:
            return list(PEOPLE) if method == "get" else []
        if {"get": self.get, "post": self.post}.get(method):
            return list(PEOPLE)
        return self._with_strangers([*self.get, *self.post][:1])

    def asks_elsewhere(self, method: str) -> list[str]:
        """By whom something of another organisation is asked for: by all whom the address opens at home and
        those it names, a person it does not, a visitor."""
        known = [who for who in PEOPLE if self.expected(method, who) != 404 or who in self.foreign]
        return self._with_strangers(known)

    def _with_strangers(self, known: list[str]) -> list[str]:
        """These, a visitor, and a person whom the address never opens, if there is one."""
        never = [who for who in PEOPLE if self.expected("get", who) == self.expected("post", who) == 404]
        return list(dict.fromkeys([*known, ANONYMOUS, *never[:1]]))

    def expected(self, method: str, who: str) -> int | str:
        """What this person is answered at home."""
        if who == AUDITOR and self.door is _operator:
            if method != "get":
                return 404
            return 200 if self.get else 405
        asked, other = (self.get, self.post) if method == "get" else (self.post, self.get)
        if method not in ("get", "post"):
            asked, other = {}, {**self.get, **self.post}
        if who in asked:
            return asked[who]
        if who in other:
            return 405
        return self.stranger(who)

    def stranger(self, who: str) -> int | str:
        """What this person is answered where she is nobody."""
        return SIGN_IN if who == ANONYMOUS else 404


def _commune(world: World) -> list:
    return [world.commune.siren]


def _operator(world: World) -> list:
    return [world.operator.slug]


def _vendor(world: World) -> list:
    return [world.vendor.organisation.siren]


# --- What is behind the doors --------------------------------------------------------------------------


def _listing(world: World) -> list:
    return [world.listing.pk]


def _letters(world: World) -> dict:
    with as_worker():
        found = members_by_service(operator=world.operator, listing_id=world.listing.pk, on=localdate())
        people = people_of(recipients(members=[member.pk for member in found.lacking]))
    return {"people": people, "request_key": uuid4()}


def _framework(world: World) -> list:
    return [world.lot.vehicle_id]


def _lot(world: World) -> list:
    return [world.lot.vehicle_id, world.lot.number]


def _amended_lot(world: World) -> list:
    return [world.lot_amendment.lot.vehicle_id, world.lot_amendment.lot.number]


def _submission(world: World) -> list:
    return [world.submission.public_id]


def _offered(world: World) -> list:
    return [world.offered.pk]


def _offering(world: World) -> list:
    return [world.offering.pk]


def _point(world: World) -> list:
    return [world.point.pk]


def _need(world: World) -> list:
    return [world.need.public_id]


def _claims(world: World) -> list:
    return [world.claim.sheet.slug]


def _topic(world: World) -> list:
    return [world.claim.sheet.slug, world.claim.topic]


def _claim(world: World) -> list:
    return [world.claim.public_id]


def _sheet(world: World) -> list:
    return [world.sheet.slug]


def _drift(world: World) -> list:
    return [world.drift.pk]


def _kit_run(world: World) -> list:
    return [world.kit_run.endpoint.offer.product.sheet.slug, world.kit_run.public_id]


def _kept(world: World) -> list:
    return [world.kept.listing_id]


def _search(world: World) -> list:
    return [world.search.pk]


def _preparing(world: World) -> list:
    return [world.preparing.public_id]


def _prepared_item(world: World) -> list:
    return [world.preparing.public_id, world.listing.pk]


def _to_decide(world: World) -> list:
    return [world.to_decide.public_id]


def _choice(world: World) -> list:
    return [world.choice.public_id]


def _requested(world: World) -> list:
    return [world.requested.public_id]


def _active(world: World) -> list:
    return [world.active.public_id]


def _tried(world: World) -> list:
    return [world.tried.public_id]


def _bound(world: World) -> list:
    return [world.bound.public_id]


def _suspended(world: World) -> list:
    return [world.suspended.public_id]


def _agreeing(world: World) -> list:
    return [world.agreeing.public_id]


def _concluding(world: World) -> list:
    return [world.concluding.public_id]


def _joined(place: str) -> Callable[[World], list]:
    """The file of the message on the request that this party has at hand."""
    return lambda world: [world.messages[place].subscription.public_id, world.messages[place].public_id]


def _a_message(world: World) -> dict:
    return {"public_id": str(uuid4()), "text": "Est-ce prêt ?"}


def _bulk(world: World) -> list:
    return [world.bulk.public_id]


def _decidable(world: World) -> list:
    return [world.decidable.public_id]


def _parting(world: World) -> list:
    return [world.parting.public_id]


def _parting_service(world: World) -> list:
    return [world.parting.subscription.public_id]


def _a_plan(world: World) -> dict:
    """One that waits for somebody to agree to it."""
    with as_worker():
        return {"plan": ProposalFactory(step=world.step).public_id}


def _sent_to_vendor(world: World) -> list:
    """A step of which a message was sent."""
    return [world.delivery.call.step_id]


def _erasing(world: World) -> list:
    return [world.erasing.public_id]


def _left(world: World) -> list:
    return [world.left.public_id]


def _renewing(world: World) -> list:
    return [world.renewing.public_id]


def _amended(world: World) -> list:
    return [world.renewing.public_id, 1]


def _amended_with_act(world: World) -> list:
    return [world.stopping.public_id, 1]


def _a_change(world: World) -> dict:
    return {
        "request_key": uuid4(),
        "text": "Adresse de livraison.",
        "effective_on": first_days(on=localdate())[0].isoformat(),
    }


def _expiring(world: World) -> list:
    return [world.expiring.public_id]


def _stopping(world: World) -> list:
    return [world.stopping.public_id]


def _an_act_of_a_term(world: World) -> list:
    return [world.renewing.public_id, 0]


def _valued(world: World) -> list:
    return [world.value.listing_id]


def _a_value(world: World) -> dict:
    lists = ("costs", "gains", "qualities", "risks")
    return {
        "revision": world.value.revision, "years": "5", "rate": "3,2", "necessity": "2",
        **{f"{name}-{which}_FORMS": "0" for name in lists for which in ("TOTAL", "INITIAL")},
    }  # fmt: skip


def _a_year(world: World) -> dict:
    return {"costs_cents": "0", "gains_cents": "800,50", "note": "Les familles ont suivi."}


def _envelope(world: World) -> list:
    return [world.envelope.number]


def _opening(world: World) -> list:
    return [world.opening.public_id]


def _step(world: World) -> list:
    return [world.step.pk]


def _errand(world: World) -> list:
    return [world.proof.public_id]


def _merger(world: World) -> list:
    return [world.merger.pk]


def _draft(world: World) -> list:
    return [world.draft.pk]


def _simulation(world: World) -> list:
    return [world.simulation.public_id]


def _run(world: World) -> list:
    return [world.review.public_id]


def _invoice(world: World) -> list:
    return [world.invoice.public_id]


def _deposit(world: World) -> list:
    return [world.deposit.public_id]


def _an_invoice_to_deposit(world: World) -> dict:
    with as_worker():
        like = world.invoice
        same = {"tenant": like.tenant, "buyer": like.buyer, "payment": like.payment}
        invoice = InvoiceFactory(run=world.issued, issued=True, series="Z", **same)
        InvoiceFileFactory(invoice=invoice)
        SettlementFactory(invoice=invoice)
    return {"action": "deposer"}


def _import(world: World) -> list:
    return [world.member_import.public_id]


def _college(world: World) -> list:
    return [world.college.pk]


def _colleague(world: World) -> list:
    return [world.colleague.pk]


def _an_agent(world: World) -> dict:
    return {"email": f"{uuid4()}@agents.example"}


def _a_service(world: World) -> dict:
    return {"service": world.listed.sheet_id, "what": "open"}


def _a_name(world: World) -> dict:
    return {"what": "name", "name": f"Groupe {uuid4()}"}


def _a_file_of_agents(world: World) -> dict:
    return {"file": SimpleUploadedFile("agents.csv", b"Courriel\nlea@agents.example\n")}


def _next_numbers(world: World) -> dict:
    return {"exercice": localdate().year, "bordereau": 1, "first": 1}


def _a_file_of_titres(world: World) -> dict:
    return {"file": SimpleUploadedFile("titres.csv", "Référence;Montant\nF;1\n".encode())}


def _a_difference(world: World) -> dict:
    found = LedgerDifferenceFactory(operator=world.operator)
    return {"ecart": found.public_id, f"ecart-{found.public_id}-reason": "Un essai."}


def _an_access(world: World) -> dict:
    return {f"service-{world.listed.sheet_id}": "manager"}


def _access_review(world: World) -> list:
    return [world.access_review.public_id]


def _a_line(world: World) -> dict:
    with as_worker():
        return {"decide": f"kept:{world.access_review.lines.get().pk}"}


def _invitation(place: str, world: World) -> list:
    return [world.invitations[place].public_id]


def _invitation_link(world: World) -> list:
    return [world.commune.siren, token_of(world.invitations["member"])]


def _refused(world: World) -> list:
    return [world.refused.public_id]


def _its_first_version(world: World) -> list:
    return [world.sheet.slug, world.sheet.live_revision_id]


def _adhesion(world: World) -> list:
    adhesion = Adhesion.objects.get(operator=world.operator, organisation=world.commune)
    return [world.commune.siren, adhesion.pk]


def _member_that_leaves(world: World) -> list:
    return [world.leaving.organisation.siren]


def _adhesion_that_ends(world: World) -> list:
    return [world.leaving.organisation.siren, world.leaving.pk]


# --- What is sent --------------------------------------------------------------------------------------


def _its_last_version(world: World) -> dict:
    return {"revision": world.sheet.latest_revision_id}


def _a_request(world: World) -> dict:
    return {"request_key": str(uuid4()), "shown_cents": world.requested.yearly_cents, "commitment_number": ""}


def _ticked(world: World) -> dict:
    return {"fiches": [str(world.submission.public_id)], "verifies": "oui"}


def _a_list(world: World) -> dict:
    return {"request_key": str(uuid4()), "everybody": "on", "decision": "chacune"}


def _a_departure(world: World) -> dict:
    days = [(localdate() + timedelta(days=after)).isoformat() for after in (60, 90, 120)]
    return {"destination": "own", "leaves_on": days[0], "confirmer": " ".join(days)}


def _a_longer_transition(world: World) -> dict:
    until = world.parting.retrieval_from + timedelta(days=30)
    return {"until": until.isoformat(), "reason": "Trois millions de pièces à exporter."}


def _a_certificate(world: World) -> dict:
    file = SimpleUploadedFile("certificat.pdf", PDF, content_type="application/pdf")
    return {"on": "2026-07-10", "file": file}


def _an_act(world: World) -> dict:
    file = SimpleUploadedFile("acte.pdf", PDF, content_type="application/pdf")
    return {"number": "2026-014", "date": localdate().isoformat(), "file": file}


def _an_envelope(world: World) -> dict:
    today = localdate()
    return {
        **_an_act(world),
        "request_key": str(uuid4()),
        "amount": "3 000",
        "starts_on": today.isoformat(),
        "last_day": (today + timedelta(days=90)).isoformat(),
        "delegation_number": "2020-12",
        "delegation_date": "2020-07-03",
    }


def _a_file_of_members(world: World) -> dict:
    return {"file": SimpleUploadedFile("membres.csv", b"SIREN;", content_type="text/csv")}


def _ten_days(world: World) -> dict:
    return {"operator": world.helper.operator.slug, "days": "10"}


def _asked_by_telephone(world: World) -> dict:
    return {"siren": world.commune.siren, "asked_by": "Le maire, par téléphone", "days": "10"}


def _a_choice(world: World) -> dict:
    return {
        "chosen": str(world.listing.pk),
        "criteria": ["fit", "environment"],
        "reasons": "Il répond le mieux à notre besoin.",
    }


def _share(kind: str) -> Callable[[World], list]:
    return lambda world: [world.active.public_id, world.shares[kind].public_id]


def _of_members(kind: str) -> Callable[[World], list]:
    """As the operator names it."""
    return lambda world: [world.shares[kind].public_id]


def _cost_key(world: World) -> list:
    return [world.active.public_id, world.cost_key.public_id]


def _financed(kind: str) -> Callable[[World], list]:
    return lambda world: [world.financed[kind].public_id]


def _a_share(world: World) -> dict:
    return {
        "public_id": str(uuid4()),
        "payer": world.shares["agreed"].payer.siren,
        "kind": "cofinancing",
        "percent": "40",
        "starts": "2035-01-01",
        "convention_number": "C-7",
        "convention_date": "2026-01-05",
        "convention_file": SimpleUploadedFile("convention.pdf", PDF, content_type="application/pdf"),
    }


def _a_last_day(world: World) -> dict:
    return {"last_day": "2031-06-30", "reason": "Fin du programme."}


def _a_reason(world: World) -> dict:
    return {"reason": "Pas cette année."}


def _a_suspension(world: World) -> dict:
    return {"ground": "security", "words": "Un compte volé."}


def _an_opening(world: World) -> dict:
    said = {"service_url": "https://service.example/", "evidence": "Compte ouvert."}
    return {f"{world.step.pk}-{name}": value for name, value in said.items()}


def _giving_up(world: World) -> dict:
    return {f"{world.step.pk}-give_up-reason": "L’éditeur a fermé."}


def _an_assignment(world: World) -> dict:
    return {f"{world.step.pk}-assign-person": world.errand.assigned_to_id}


def _as_read(world: World) -> dict:
    return {"replaces": str(world.claim.public_id)}


def _a_licence(world: World) -> dict:
    return {**_as_read(world), "spdx_id": "MIT"}


def _agreed(world: World) -> dict:
    return {"decision": "verify", "verify-note": "Le dépôt est public."}


def _a_period(world: World) -> dict:
    with as_worker():
        return {"period": period_key(billable_periods(operator=world.operator, today=localdate())[0])}


def _proposed(world: World) -> dict:
    return {
        "terms": CommissionTermsFactory(operator=world.operator, vendor=world.vendor, proposed=True).public_id
    }


def _a_commission(world: World) -> dict:
    return {"vendor": world.vendor.pk, "since": "2026-01-01", "percent": "10", "vat_rate": "20"}


def _a_need(world: World) -> dict:
    return {"operator": world.operator.slug, "title": "Louer des salles", "description": "En ligne."}


def _a_profile(world: World) -> dict:
    return {"presentation": "Des logiciels.", "website": "", "contact_email": "", "contact_phone": ""}


def _a_declaration(world: World) -> dict:
    return {question.code: "on" if question.yes else "Assurelle" for question in QUESTIONS}


def _an_application(world: World) -> dict:
    return {
        "siren": "552 100 554", "name": "Nouvel Éditeur", "kind": "company", "address": "1 rue Neuve",
        "postcode": "35000", "city": "Rennes", "contact_email": "bonjour@nouveau.example",
        "presentation": "Un logiciel.", "terms_version": world.terms.version, "terms": "on",
    }  # fmt: skip


def _terms(world: World) -> dict:
    tomorrow = localdate() + timedelta(days=1)
    return {"version": "suivante", "in_force_from": tomorrow.isoformat(), "text": "Texte."}


SMALL_ROLES = {"member": "finance", "operator": "operator_finance", "vendor": "vendor_admin"}


def _an_address(place: str, world: World) -> dict:
    return {"email": "nouvelle@mairie.example", "roles": [SMALL_ROLES[place]]}


def _other_roles(place: str, world: World) -> dict:
    return {"roles": [SMALL_ROLES[place]]}


def _a_new_member(world: World) -> dict:
    return {"siren": world.vendor.organisation.siren, "since": localdate().isoformat()}


def _a_new_seat(siren: str) -> dict:
    """A move, where none is planned any more."""
    with as_worker():
        planned = SeatMove.objects.filter(tenant__siren=siren, state="planned")
        planned.update(state="cancelled", settled_at=timezone.now())
    return {
        "siret": second_siret(siren), "effective_on": localdate().isoformat(), "reason": "Déménagement",
        "evidence": SimpleUploadedFile("avis.pdf", PDF),
    }  # fmt: skip


def _a_planned_move(siren: str) -> list:
    with as_worker():
        move = SeatMove.objects.filter(tenant__siren=siren, state="planned").first()
    if move is None:
        day = localdate() + timedelta(days=30)
        move = SeatMoveFactory(tenant=Organisation.objects.get(siren=siren), effective_on=day)
    return [move.public_id]


def _move_of_a_member(world: World) -> list:
    siren = world.leaving.organisation.siren
    return [siren, *_a_planned_move(siren)]


def _statement(world: World) -> list:
    """What this operator owes this vendor, who has not answered."""
    return [_owed(world, StatementState.DRAWN, 2019).public_id]


def _to_pay(world: World) -> list:
    return [_owed(world, StatementState.AGREED, 2020).public_id]


def _owed(world: World, state: StatementState, year: int) -> VendorStatement:
    with as_worker():
        found = VendorStatement.objects.filter(
            operator=world.operator, vendor=world.vendor, period_start__year=year
        ).first()
    if found is not None:
        return found
    run = StatementRunFactory(
        operator=world.operator,
        period_start=date(year, 7, 1),
        period_end=date(year, 10, 1),
        state=DrawingState.DONE,
    )
    return VendorStatementFactory(run=run, vendor=world.vendor, state=state)


def _transfer(world: World) -> list:
    """A transfer that this operator has prepared."""
    with as_worker():
        found = ContractTransfer.objects.filter(operator=world.operator).first()
    if found is None:
        found = ContractTransferFactory(listing__operator=world.operator, to_vendor=_a_buyer())
    return [found.public_id]


def _a_buyer() -> Vendor:
    """A vendor that may take contracts over."""
    vendor = VendorFactory()
    with as_worker():
        TermsAgreement.objects.bulk_create(
            TermsAgreement(vendor=vendor, terms=terms, agreed_by=UserFactory(), agreed_at=timezone.now())
            for terms in VendorTerms.objects.all()
        )
    return vendor


def _a_transfer(world: World) -> dict:
    return {
        "editeur": world.listing.vendor.pk, "services": [world.listing.pk],
        "siren": _a_buyer().organisation.siren, "basis": "clause", "reason": "Rachat",
        "effective_on": localdate().isoformat(), "evidence": SimpleUploadedFile("acte.pdf", PDF),
    }  # fmt: skip


# --- The table -----------------------------------------------------------------------------------------


def public(name: str, **columns) -> Row:
    return Row(name, **{"get": opens(EVERYONE)} | columns)


def member(name: str, **columns) -> Row:
    return Row(name, door=_commune, **columns)


def operator(name: str, **columns) -> Row:
    return Row(name, door=_operator, **columns)


def vendor(name: str, **columns) -> Row:
    return Row(name, door=_vendor, **columns)


def organisation(
    name: str, *, get: Answers | None = None, post: Answers | None = None, **columns
) -> list[Row]:
    """A row for each kind of organisation whose siren the address may name: whoever is answered somewhere
    holds the role there and is a stranger at the two others."""
    return [
        Row(name, place=where, door=door, get=only(held, get or {}), post=only(held, post or {}), **columns)
        for where, door, held in ORGANISATIONS
    ]


def only(held: list[str], answers: Answers) -> Answers:
    """The answers to these roles."""
    return {who: status for who, status in answers.items() if who in held}


def at_each(rows: list[Row], **columns: Callable[[str, World], object]) -> list[Row]:
    """The rows of `organisation`, with columns that depend on the place."""
    return [
        replace(row, **{name: partial(make, row.place) for name, make in columns.items()}) for row in rows
    ]


def _operator_siren(world: World) -> list:
    return [world.operator.organisation.siren]


ORGANISATIONS = [
    ("member", _commune, MEMBERS),
    ("operator", _operator_siren, [*OPERATORS, AUDITOR]),
    ("vendor", _vendor, VENDORS),
]


# fmt: off
TABLE = [
    # The halls: anyone reads them. An operator's shelf is nobody's secret.
    public("home"),
    public("accessibility"),
    public("commune_suggestions"),
    public("claims_explained"),
    public("territory_search"),
    public("territory", thing=lambda world: ["commune", world.commune.territory.code]),
    public("storefront", thing=_operator),
    public("compare", thing=_operator),
    public("simulation", thing=_operator),
    public("simulation_file", thing=_operator, get=leads(EVERYONE)),
    public("operator_stylesheet", thing=_operator),
    public("operator_logo", thing=_operator),
    *(public(name, thing=_operator)
      for name in ("hall_news", "hall_news_feed", "hall_help", "hall_legal", "hall_accessibility")),
    public("hall_news_item", thing=lambda world: [world.operator.slug, world.news.slug]),
    public("hall_help_article", thing=lambda world: [world.operator.slug, world.article.slug]),
    public("picture", thing=lambda world: [world.picture]),
    # A file of a version that nobody has accepted: its vendor's people, and those it was submitted to.
    Row("sheet_file", thing=lambda world: [world.sheet_file.public_id],
        get=not_found(EVERYONE) | opens(VENDORS, OPERATORS, AUDITOR)),
    public("service", thing=lambda world: [world.operator.slug, world.listing.sheet.slug]),
    # Open data: everybody's.
    public("open_data"),
    public("api_documentation"),
    public("catalogue_dcat", thing=lambda world: ["ttl"]),
    public("services_csv"),
    public("operators_csv"),
    # Services, by their keys: whoever is signed in here is nobody to them.
    Row("entitlements", get=_answer(401)(EVERYONE), post=_answer(401)(EVERYONE),
        without_csrf_token="a program asks, by a key in a header, and nothing is changed"),
    Row("usage", post=_answer(401)(EVERYONE),
        without_csrf_token="a program tells what was used, by a key in a header: tests/marketplace/api"),
    Row("entitlements_signed", get=_answer(401)(EVERYONE)),
    public("entitlement_keys"),
    Row("lagaufre_services", get=_answer(400)(EVERYONE)),  # of no operator
    public("entitlements_explained"),
    public("applications_explained"),
    public("api:root"),
    public("api:openapi"),
    public("api:families"),
    public("api:operators"),
    public("api:operator", thing=_operator),
    public("api:listings", thing=_operator),
    public("api:vendors"),
    public("api:vendor", thing=lambda world: [world.listing.vendor.organisation.siren]),
    public("api:services"),
    public("api:service", thing=lambda world: [world.listing.sheet.slug]),
    public("api:claims", thing=lambda world: [world.listing.sheet.slug]),

    # Signing in and out. "places" leads whoever has one place straight to it.
    Row("places", get=opens(NO_MANDATE, ENDED) | leads(WITH_A_MANDATE, STAFF)),
    Row("oidc_authentication_init", get=leads(EVERYONE)),
    Row("oidc_authentication_callback", get=leads(EVERYONE)),
    Row("oidc_logout", post=leads(SIGNED_IN)),
    Row("oidc_resume", get=leads(SIGNED_IN)),
    Row("oidc_signed_out", get=leads(EVERYONE)),
    Row("oidc_backchannel_logout", post=bad_request(EVERYONE),
        without_csrf_token="the identity provider says it, by a token that it has signed"),

    # A member: <siren> of the commune.
    member("member_home", get=opens(MEMBERS)),
    member("member_subscriptions", get=opens(MEMBERS)),
    member("member_subscribe", thing=_listing, get=opens(SECRETARY), post=leads(SECRETARY), sends=_a_request,
           foreign=opens(SECRETARY)),  # the shelf is public: the page says that one must adhere first
    member("member_subscription", thing=_requested, get=opens(MEMBERS)),
    member("member_subscription_progress", thing=_opening, get=opens(MEMBERS)),
    member("member_approve", thing=_requested, get=leads(SIGNATORY), post=leads(SIGNATORY), sends=_an_act),
    member("member_refuse", thing=_requested, get=leads(SIGNATORY), post=leads(SIGNATORY), sends=_a_reason),
    member("member_message", thing=_requested, get=leads(ASKING), post=leads(ASKING), sends=_a_message),
    member("member_message_file", thing=_joined("member"), get=opens(MEMBERS)),
    member("member_cancel", thing=_requested,
           post=not_found(MEMBERS) | leads(SECRETARY, ORG_ADMIN)),  # it is this secretary's request
    member("member_credentials", thing=_bound, post=opens(ORG_ADMIN)),
    member("member_credentials_renew", thing=_bound, post=leads(ORG_ADMIN)),
    member("member_trial", thing=lambda world: [world.tryable.pk], get=opens(SECRETARY),
           post=leads(SECRETARY), sends=lambda world: {"request_key": str(uuid4())},
           foreign=opens(SECRETARY)),  # as for a subscription
    member("member_trial_stop", thing=_tried, get=opens(SECRETARY, SIGNATORY),
           post=leads(SECRETARY, SIGNATORY)),
    member("member_leave", thing=_active, get=opens(SIGNATORY), post=leads(SIGNATORY), sends=_a_departure),
    member("member_leave_longer", thing=_parting_service, get=opens(SIGNATORY), post=leads(SIGNATORY),
           sends=lambda world: {"until": (world.parting.retrieval_from + timedelta(days=20)).isoformat()}),
    member("member_leave_withdraw", thing=_parting_service, post=leads(SIGNATORY)),
    member(
        "member_leave_retrieved",
        thing=lambda world: [world.erasing.subscription.public_id],
        post=leads(SECRETARY, SIGNATORY),
    ),
    member("member_certificate", thing=lambda world: [world.left.subscription.public_id], get=opens(MEMBERS)),
    member("member_covers", thing=_active, get=not_found(MEMBERS), post=not_found(MEMBERS)),  # no commune
    member("member_envelopes", get=opens(MEMBERS)),
    member("member_envelope_new", get=opens(SIGNATORY), post=leads(SIGNATORY), sends=_an_envelope),
    member("member_envelope", thing=_envelope, get=opens(MEMBERS)),
    member("member_envelope_close", thing=_envelope, post=leads(SIGNATORY)),
    member("member_envelope_act", thing=_envelope, get=opens(MEMBERS)),
    member("member_payers", thing=_active, get=opens(MEMBERS)),
    member("member_payer_new", thing=_active, get=opens(SIGNATORY), post=leads(SIGNATORY), sends=_a_share),
    member("member_payer_withdraw", thing=_share("proposed"), post=leads(SIGNATORY)),
    member("member_payer_stop", thing=_share("agreed"), get=opens(SIGNATORY), post=leads(SIGNATORY),
           sends=_a_last_day),
    member("member_payer_convention", thing=_share("agreed"), get=opens(MEMBERS)),
    member("member_cost_key_new", thing=_active,
           get=not_found(SIGNATORY), post=not_found(SIGNATORY)),  # covers no commune
    member("member_cost_key_again", thing=_cost_key, get=opens(SIGNATORY), post=leads(SIGNATORY),
           sends=lambda world: {"reference_on": "2033-06-01", "starts": "2034-01-01"}),
    member("member_financed", get=opens(MEMBERS)),
    member("member_share_agree", thing=_financed("proposed"), get=opens(SIGNATORY), post=leads(SIGNATORY)),
    member("member_share_refuse", thing=_financed("proposed"), get=opens(SIGNATORY), post=leads(SIGNATORY),
           sends=_a_reason),
    member("member_share_stop", thing=_financed("agreed"), get=opens(SIGNATORY), post=leads(SIGNATORY),
           sends=_a_last_day),
    member("member_financed_convention", thing=_financed("agreed"), get=opens(MEMBERS)),
    # For an intercommunality only: this commune finds nothing there (tests/marketplace/test_bulk.py).
    member("member_bulks", get=not_found(MEMBERS)),
    member("member_bulk_new", thing=_listing, get=not_found(SECRETARY), post=not_found(SECRETARY)),
    member("member_bulk", thing=_bulk, get=not_found(MEMBERS)),
    member("member_bulk_progress", thing=_bulk, get=not_found(MEMBERS)),
    member("member_bulk_csv", thing=_bulk, get=not_found(MEMBERS)),
    member("member_bulk_confirm", thing=_bulk, post=not_found(SECRETARY)),
    member("member_bulk_discard", thing=_bulk, post=not_found(SECRETARY)),
    member("member_bulk_approve", thing=_bulk, post=not_found(SIGNATORY)),
    member("member_term_notice", thing=_renewing, get=opens(SIGNATORY), post=leads(SIGNATORY)),
    member("member_term_renew", thing=_expiring, get=opens(SIGNATORY), post=leads(SIGNATORY), sends=_an_act),
    member("member_term_take_back", thing=_stopping, get=opens(SIGNATORY), post=leads(SIGNATORY)),
    member("member_amendment_new", thing=_active, get=opens(ASKING), post=leads(ASKING), sends=_a_change),
    member("member_amendment", thing=_amended, get=opens(MEMBERS)),
    member("member_amendment_approve", thing=_amended, get=leads(SIGNATORY), post=leads(SIGNATORY),
           sends=_an_act),
    member("member_amendment_refuse", thing=_amended, get=leads(SIGNATORY), post=leads(SIGNATORY),
           sends=_a_reason),
    member("member_amendment_cancel", thing=_amended, post=not_found(MEMBERS) | leads(SECRETARY, ORG_ADMIN)),
    member("member_amendment_act", thing=_amended_with_act, get=opens(MEMBERS)),
    member("member_term_act", thing=_an_act_of_a_term, get=opens(MEMBERS)),
    member("member_paper", thing=lambda world: [*_requested(world), "deliberation", "odt"],
           get=opens(SECRETARY, SIGNATORY)),
    member("member_decision_file", thing=_active, get=opens(MEMBERS)),
    # Who works here and uses what: the administrator's to change, the signatory reads.
    member("member_agents", get=opens(ORG_ADMIN, SIGNATORY)),
    member("member_agent_invite", get=opens(ORG_ADMIN), post=leads(ORG_ADMIN), sends=_an_agent),
    member("member_agent_imports", get=opens(ORG_ADMIN), post=leads(ORG_ADMIN), sends=_a_file_of_agents),
    member("member_agent_import", thing=lambda world: [world.agent_import.public_id], get=opens(ORG_ADMIN),
           post=leads(ORG_ADMIN)),
    member("member_agent_services", get=opens(ORG_ADMIN, SIGNATORY),
           post=not_found(SIGNATORY) | leads(ORG_ADMIN), sends=_a_service),
    member("member_agent", thing=_colleague, get=opens(ORG_ADMIN, SIGNATORY),
           post=not_found(SIGNATORY) | leads(ORG_ADMIN), sends=_an_access),
    member("member_agent_leave", thing=_colleague, get=opens(ORG_ADMIN), post=leads(ORG_ADMIN)),
    member("member_agent_groups", get=opens(ORG_ADMIN, SIGNATORY),
           post=not_found(SIGNATORY) | leads(ORG_ADMIN), sends=_a_name),
    member("member_agent_group", thing=lambda world: [world.agent_group.pk], get=opens(ORG_ADMIN, SIGNATORY),
           post=not_found(SIGNATORY) | leads(ORG_ADMIN), sends=_a_name),
    member("member_access_reviews", get=opens(ORG_ADMIN, SIGNATORY),
           post=not_found(SIGNATORY) | leads(ORG_ADMIN)),
    member("member_access_review", thing=_access_review, get=opens(ORG_ADMIN, SIGNATORY),
           post=not_found(SIGNATORY) | leads(ORG_ADMIN), sends=_a_line),
    member("member_access_review_csv", thing=_access_review, get=opens(ORG_ADMIN, SIGNATORY)),
    member("member_departures", get=opens(ORG_ADMIN, SIGNATORY)),
    member("member_departure", thing=lambda world: [world.departure.public_id],
           get=opens(ORG_ADMIN, SIGNATORY)),
    member("member_values", get=opens(MEMBERS)),
    member("member_value", thing=_valued, get=opens(MEMBERS)),
    member("member_value_edit", thing=_valued, get=opens(SECRETARY, SIGNATORY),
           post=leads(SECRETARY, SIGNATORY), sends=_a_value),
    member("member_value_review", thing=_valued, get=opens(SECRETARY, SIGNATORY),
           post=leads(SECRETARY, SIGNATORY), sends=_a_year),
    member("member_value_file", thing=lambda world: [*_valued(world), "pdf"], get=opens(MEMBERS)),
    member("member_favourites", get=opens(MEMBERS)),
    member("member_favourite", thing=_kept, post=leads(MEMBERS),
           sends=lambda world: {"action": "retirer"}),
    # A search is the person's own: nobody else's is found.
    member("member_searches", get=opens(MEMBERS)),
    member("member_search_save", thing=_operator, get=opens(MEMBERS), post=leads(MEMBERS),
           sends=lambda world: {"recherche": "q=cantine", "name": "Cantine"}),
    member("member_search", thing=_search, post=not_found(MEMBERS) | leads(SECRETARY),
           sends=lambda world: {"action": "oublier"}),
    member("member_shortlists", get=opens(MEMBERS)),
    member("member_shortlist_add", thing=_operator, get=opens(SECRETARY), post=leads(SECRETARY),
           sends=lambda world: {"shortlist": "nouvelle", "title": "Besoin"}),
    member("member_shortlist", thing=_preparing, get=opens(MEMBERS)),
    member("member_shortlist_item", thing=_prepared_item, post=leads(SECRETARY),
           sends=lambda world: {"action": "retirer"}),
    member("member_shortlist_freeze", thing=_preparing, post=leads(SECRETARY)),
    member("member_shortlist_discard", thing=_preparing, post=leads(SECRETARY)),
    member("member_shortlist_decide", thing=_to_decide, get=opens(ASKING), post=leads(ASKING),
           sends=_a_choice),
    member("member_shortlist_progress", thing=_choice, get=opens(MEMBERS)),
    member("member_shortlist_file", thing=_choice, get=opens(MEMBERS)),
    member("member_help", get=opens(ASKING), post=leads(ASKING), sends=_ten_days),
    member("member_help_end", thing=lambda world: [world.helper.pk], post=leads(ASKING)),
    member("member_socle", get=opens(MEMBERS)),
    member("member_invoices", get=opens(MEMBERS)),
    member("member_spending", get=opens(MEMBERS)),
    member("member_budget", get=opens(MEMBERS)),
    member("member_spending_report", get=opens(MEMBERS)),
    member("member_invoice", thing=_invoice, get=opens(MEMBERS)),
    member("member_invoice_file", thing=_invoice, get=opens(MEMBERS)),
    member("member_archive", thing=lambda world: [world.invoice.year, 1], get=opens(MEMBERS),
           foreign=opens(MEMBERS)),  # a year is nobody's: it holds one's own invoices
    member("member_invoice_check", thing=_invoice, post=leads(MEMBERS)),
    member("member_invoice_ubl", thing=_invoice, get=opens(MEMBERS)),
    member("member_line_contest", thing=lambda world: [world.invoice.public_id, 1],
           get=opens(ASKING, Role.FINANCE), post=leads(ASKING, Role.FINANCE),
           sends=lambda world: {"action": "retirer"}),

    # An operator: <operator> is its slug.
    operator("operator_home", get=opens(OPERATORS)),
    operator("operator_members", get=opens(OPERATORS), lists_members=True),
    operator("operator_members_csv", get=opens(OPERATORS), lists_members=True),
    operator("operator_member_new", get=opens(TASKS), post=leads(TASKS), sends=_a_new_member),
    operator("operator_member", thing=_member_that_leaves, get=opens(OPERATORS)),
    operator("operator_member_invite", thing=_member_that_leaves, get=opens(TASKS), post=leads(TASKS),
             sends=lambda world: {"email": "premiere@mairie.example", "profile": "secretaire"}),
    operator("operator_member_amend", thing=_adhesion, get=opens(TASKS), post=leads(TASKS),
             sends=lambda world: {"deliberation_number": "2026-099"}),
    operator("operator_member_withdraw", thing=_adhesion, get=opens(TASKS), post=leads(TASKS),
             sends=lambda world: {"asked_on": localdate().isoformat(), "confirmed": "oui"}),
    operator("operator_member_stay", thing=_adhesion_that_ends, post=leads(TASKS)),
    # Of a member of this operator alone: a SIRET is the body's, whichever of its operators keeps it.
    operator("operator_member_seat", thing=_member_that_leaves, get=opens(TASKS), post=leads(TASKS),
             sends=lambda world: _a_new_seat(world.leaving.organisation.siren)),
    operator("operator_member_sign_in", thing=_member_that_leaves, get=opens(OPERATOR_ADMIN),
             post=leads(OPERATOR_ADMIN), sends=lambda world: forms.MEMBER_PROVIDER),
    operator("operator_member_seat_cancel", thing=_move_of_a_member, post=leads(TASKS)),
    operator("operator_member_seat_evidence", thing=_move_of_a_member, get=opens(TASKS)),
    operator("operator_subscriptions", get=opens(OPERATORS)),
    operator("operator_payers", get=opens(OPERATORS)),
    operator("operator_payers_csv", get=opens(OPERATORS)),
    operator("operator_subscription", thing=_active, get=opens(OPERATORS)),
    operator("operator_credentials_renew", thing=_bound, post=leads(TASKS)),
    operator("operator_subscription_suspend", thing=_active, post=leads(TASKS), sends=_a_suspension),
    operator("operator_suspension_call_off",
             thing=lambda world: [world.agreeing.public_id, world.to_be_suspended.public_id],
             post=leads(TASKS)),
    operator("operator_subscription_resume", thing=_suspended, post=leads(TASKS), sends=_a_suspension),
    operator("operator_subscription_payers", thing=_active, get=opens(OPERATORS)),
    operator("operator_payer_new", thing=_active, get=opens(MONEY), post=leads(MONEY), sends=_a_share),
    operator("operator_payer_share", thing=_of_members("agreed"), get=opens(OPERATORS)),
    operator("operator_payer_withdraw", thing=_of_members("proposed"), post=leads(MONEY)),
    operator("operator_payer_stop", thing=_of_members("agreed"), get=opens(MONEY), post=leads(MONEY),
             sends=_a_last_day),
    operator("operator_payer_convention", thing=_of_members("agreed"), get=opens(OPERATORS)),
    operator("operator_terms", get=opens(OPERATORS)),
    operator("operator_term_notice", thing=_renewing, get=opens(TASKS), post=leads(TASKS)),
    operator("operator_coverage", get=opens(OPERATORS)),
    operator("operator_coverage_service", thing=_listing, get=opens(OPERATORS), lists_members=True),
    operator("operator_coverage_csv", thing=_listing, get=opens(OPERATORS), lists_members=True),
    operator("operator_coverage_write", thing=_listing, get=opens(TASKS), post=leads(TASKS),
             sends=_letters),
    operator("operator_requests", get=opens(OPERATORS)),
    operator("operator_request", thing=_agreeing, get=opens(OPERATORS)),
    operator("operator_request_agree", thing=_agreeing, post=leads(TASKS)),
    operator("operator_request_refuse", thing=_agreeing, post=leads(TASKS), sends=_a_reason),
    operator("operator_message", thing=_agreeing, post=leads(TASKS), sends=_a_message),
    operator("operator_message_file", thing=_joined("operator"), get=opens(OPERATORS)),
    operator("operator_bulks", get=opens(TASKS)),
    operator("operator_bulk_new", thing=_listing, get=opens(TASKS), post=leads(TASKS), sends=_a_list),
    operator("operator_bulk", thing=_bulk, get=opens(TASKS)),
    operator("operator_bulk_progress", thing=_bulk, get=opens(TASKS)),
    operator("operator_bulk_confirm", thing=_bulk, post=leads(TASKS)),
    operator("operator_bulk_discard", thing=_bulk, post=leads(TASKS)),
    operator("operator_bulk_approve", thing=_decidable, post=leads(OPERATOR_ADMIN), sends=_an_act),
    operator("operator_bulk_csv", thing=_bulk, get=opens(TASKS)),
    operator("operator_messages", get=opens(TASKS)),
    operator("operator_message_again", thing=_sent_to_vendor, post=leads(TASKS)),
    operator("operator_exits", get=opens(OPERATORS)),
    operator("operator_exit", thing=_parting, get=opens(OPERATORS)),
    operator("operator_exit_extend", thing=_parting, post=leads(TASKS), sends=_a_longer_transition),
    operator("operator_exit_certify", thing=_erasing, post=leads(TASKS), sends=_a_certificate),
    operator("operator_exit_certificate", thing=_left, get=opens(OPERATORS)),
    operator("operator_transfers", get=opens(TASKS)),
    operator("operator_transfer_new", get=opens(TASKS), post=leads(TASKS), sends=_a_transfer),
    operator("operator_transfer", thing=_transfer, get=opens(TASKS)),
    operator("operator_transfer_paper", thing=lambda world: [*_transfer(world), "odt"], get=opens(TASKS)),
    operator("operator_transfer_sign", thing=_transfer, post=leads(TASKS),
             sends=lambda world: {"file": SimpleUploadedFile("avenant.pdf", PDF)}),
    operator("operator_transfer_abandon", thing=_transfer, post=leads(TASKS)),
    operator("operator_transfer_piece", thing=lambda world: [*_transfer(world), "justificatif"],
             get=opens(TASKS)),
    operator("operator_indices", get=opens(TASKS), post=leads(TASKS), sends=lambda world: forms.INDEX),
    operator("operator_vehicles", get=opens(OPERATORS)),
    operator("operator_vehicle_new", get=opens(TASKS), post=leads(TASKS), sends=lambda world: forms.VEHICLE),
    operator("operator_vehicle", thing=_framework, get=opens(OPERATORS)),
    operator("operator_vehicle_edit", thing=_framework, get=opens(TASKS), post=leads(TASKS),
             sends=lambda world: forms.VEHICLE),
    operator("operator_lot_new", thing=_framework, get=opens(TASKS), post=leads(TASKS),
             sends=lambda world: forms.LOT),
    operator("operator_lot_edit", thing=_lot, get=opens(TASKS), post=leads(TASKS),
             sends=lambda world: forms.LOT),
    operator("operator_lot_publish", thing=_lot, get=opens(TASKS), post=leads(TASKS)),
    operator("operator_lot_amend", thing=_amended_lot, get=opens(TASKS), post=leads(TASKS),
             sends=forms.a_lot_amendment),
    operator("operator_lot_paper", thing=lambda world: [*_amended_lot(world), 1], get=opens(OPERATORS)),
    operator("operator_grids", get=opens(OPERATORS)),
    operator("operator_listing_grids", thing=_listing, get=opens(OPERATORS)),
    operator("operator_grid_new", thing=_listing, get=opens(TASKS), post=leads(TASKS),
             sends=lambda world: {"start": "not_published"}),
    operator("operator_grid", thing=_draft, get=opens(OPERATORS)),
    operator("operator_grid_edit", thing=_draft, get=opens(TASKS), post=leads(TASKS), sends=forms.a_grid),
    operator("operator_grid_preview", thing=_draft, post=opens(TASKS), sends=forms.a_grid, only_shows=True),
    operator("operator_grid_simulate", thing=_draft, post=leads(TASKS)),
    operator("operator_grid_publish", thing=_draft, get=opens(TASKS), post=leads(TASKS),
             sends=forms.a_publication),
    operator("operator_grid_delete", thing=_draft, post=leads(TASKS)),
    operator("operator_grid_withdraw", thing=lambda world: [world.coming.pk], post=leads(TASKS)),
    operator("operator_simulation", thing=_simulation, get=opens(OPERATORS)),
    operator("operator_simulation_progress", thing=_simulation, get=opens(OPERATORS)),
    operator("operator_simulation_csv", thing=_simulation, get=opens(OPERATORS)),
    operator("operator_assistances", get=opens(TASKS)),
    operator("operator_assistance_new", get=opens(TASKS), post=leads(TASKS), sends=_asked_by_telephone),
    operator("operator_assistance_end", thing=lambda world: [world.helped.pk], post=leads(TASKS)),
    operator("operator_tasks", get=opens(TASKS)),
    operator("operator_task_done", thing=_step, post=leads(TASKS), sends=_an_opening),
    operator("operator_task_retry", thing=_step, post=leads(TASKS)),
    operator("operator_task_give_up", thing=_step, post=leads(TASKS), sends=_giving_up),
    operator("operator_task_assign", thing=_step, post=leads(TASKS), sends=_an_assignment),
    operator("operator_task_agree", thing=_step, post=leads(TASKS), sends=_a_plan),
    operator("operator_task_evidence", thing=_errand, get=opens(TASKS)),
    operator("operator_drift", thing=_drift, get=opens(TASKS)),
    operator("operator_drift_right", thing=_drift, post=leads(TASKS)),
    operator("operator_drift_keep", thing=_drift, post=leads(TASKS), sends=_a_reason),
    operator("operator_claims", get=opens(TASKS)),
    operator("operator_claim", thing=_claim, get=opens(TASKS), post=leads(TASKS), sends=_agreed),
    operator("operator_mergers", get=opens(TASKS)),
    operator("operator_merger", thing=_merger, get=opens(TASKS), post=leads(TASKS)),
    operator("operator_runs", get=opens(MONEY), post=leads(MONEY), sends=_a_period),
    operator("operator_budgets", get=opens(MONEY)),
    operator("operator_vat", get=opens(MONEY), post=leads(MONEY), sends=lambda world: forms.VAT_DECISION),
    operator("operator_run", thing=_run, get=opens(MONEY), post=leads(MONEY),
             sends=lambda world: {"action": "verifier"}),
    operator("operator_run_progress", thing=_run, get=opens(MONEY)),
    operator("operator_run_archive", thing=lambda world: [world.issued.public_id, 1], get=opens(MONEY)),
    operator("operator_run_approve", thing=_run, get=opens(MONEY), post=leads(MONEY)),
    operator("operator_invoices_archive", thing=lambda world: [1], get=opens(MONEY),
             foreign=opens(MONEY, AUDITOR)),  # the first part of one's own invoices
    operator("operator_invoices", get=opens(MONEY)),
    operator("operator_invoice", thing=_invoice, get=opens(MONEY)),
    operator("operator_sendings", get=opens(MONEY), post=leads(MONEY), sends=_an_invoice_to_deposit),
    operator("operator_sending_account", get=opens(OPERATOR_ADMIN), post=leads(OPERATOR_ADMIN),
             sends=lambda world: forms.SENDING_ACCOUNT),
    operator("operator_deposit", thing=_deposit, get=opens(MONEY), post=leads(MONEY)),
    operator("operator_invoice_retry", thing=_refused, post=leads(MONEY)),
    operator("operator_invoice_file", thing=_invoice, get=opens(MONEY)),
    operator("operator_invoice_check", thing=_invoice, post=leads(MONEY)),
    operator("operator_invoice_ubl", thing=_invoice, get=opens(MONEY)),
    operator("operator_adjustments", get=opens(MONEY)),
    operator("operator_credit_notes", get=opens(MONEY)),
    operator("operator_credit_note", thing=lambda world: [world.credit_note.public_id], get=opens(MONEY),
             post=leads(MONEY), sends=lambda world: {"montant": world.credit_note.gross_cents}),
    operator("operator_credit_given_back", thing=lambda world: [world.credit.public_id], post=leads(MONEY)),
    operator("operator_ledger_differences", get=opens(MONEY), post=leads(MONEY), sends=_a_difference),
    operator("operator_contests", get=opens(MONEY)),
    operator("operator_contest", thing=lambda world: [world.contest.public_id], get=opens(MONEY),
             post=leads(MONEY), sends=lambda world: {"decision": "refuser", "answer": "Le prix est le bon."}),
    operator("operator_late_payments", get=opens(MONEY)),
    operator("operator_late_payment", thing=lambda world: [world.late.public_id], get=opens(MONEY),
             post=leads(MONEY), sends=lambda world: {"action": "laisser", "reason": "Un jour de retard."}),
    operator("operator_late_rates", get=opens(MONEY), post=leads(MONEY),
             sends=lambda world: {"what": "pace", "days": "20"}),
    operator("operator_statements", get=opens(MONEY), post=leads(MONEY),
             sends=lambda world: {"period": period_key(periods_of(localdate().year - 1)[0])}),
    operator("operator_vendor_terms", get=opens(MONEY), post=leads(MONEY), sends=_a_commission),
    operator("operator_statement", thing=_to_pay, get=opens(MONEY), post=leads(MONEY),
             sends=lambda world: {"amount": "0,01", "paid_on": "2020-10-20"}),
    operator("operator_titres", get=opens(MONEY)),
    operator("operator_titres_csv", get=opens(MONEY)),
    operator("operator_revenue", get=opens(MONEY)),
    operator("operator_accounting", get=opens(MONEY)),
    operator("operator_accounts", get=opens(MONEY), post=opens(MONEY), only_shows=True),
    operator("operator_titre_codes", get=opens(MONEY), post=leads(MONEY),
             sends=lambda world: forms.TITRE_CODES),
    operator("operator_titre_pes", get=opens(MONEY), post=opens(MONEY), sends=_next_numbers),
    operator("operator_titre_imports", get=opens(MONEY), post=leads(MONEY), sends=_a_file_of_titres),
    operator("operator_titre_import", thing=lambda world: [world.titre_import.public_id], get=opens(MONEY),
             post=leads(MONEY)),
    *(operator(name, get=opens(OPERATOR_ADMIN), post=leads(OPERATOR_ADMIN),
               sends=lambda world, sent=sent: sent)
      for name, sent in (("operator_settings", forms.IDENTITY),
                         ("operator_settings_storefront", forms.STOREFRONT),
                         ("operator_settings_statutes", forms.STATUTES),
                         ("operator_settings_billing", forms.BILLING),
                         ("operator_colleges", forms.COLLEGE))),
    operator("operator_settings_sign_in", get=opens(OPERATOR_ADMIN)),
    operator("operator_logo_set", post=leads(OPERATOR_ADMIN), sends=forms.a_logo),
    operator("operator_logo_remove", post=leads(OPERATOR_ADMIN)),
    operator("operator_second_person", get=opens(OPERATOR_ADMIN), post=leads(OPERATOR_ADMIN),
             sends=lambda world: {"above": "5 000"}),
    operator("operator_vat_position_add", post=leads(OPERATOR_ADMIN), sends=lambda world: forms.VAT_POSITION),
    operator("operator_college", thing=_college, get=opens(OPERATOR_ADMIN), post=leads(OPERATOR_ADMIN),
             sends=lambda world: forms.COLLEGE),
    operator("operator_college_remove", thing=_college, post=leads(OPERATOR_ADMIN)),

    operator("operator_editorial", get=opens(OPERATORS)),
    operator("operator_editor_add", post=leads(OPERATOR_ADMIN),
             sends=lambda world: {"person": world.colleague.pk}),
    operator("operator_editor_remove", thing=lambda world: [world.writer.pk], post=leads(OPERATOR_ADMIN)),

    # What stands on its shelf. A filter is the person's own: nobody else's is found.
    operator("operator_submissions", get=opens(TASKS)),
    operator("operator_submissions_accept", post=leads(TASKS), sends=_ticked),
    operator("operator_filter_keep", post=leads(TASKS), sends=lambda world: {"name": "Nouvelles"}),
    operator("operator_filter_forget", thing=lambda world: [0], post=not_found(TASKS)),
    operator("operator_submission", thing=_submission, get=opens(TASKS), post=leads(TASKS),
             sends=lambda world: {"decision": "modifier", "message": "Une capture ?"}),
    operator("operator_submission_preview", thing=_submission, get=opens(TASKS)),
    operator("operator_shelf", get=opens(TASKS)),
    operator("operator_listing", thing=_listing, get=opens(TASKS), post=leads(TASKS),
             sends=lambda world: {"own_text": "Nous l’utilisons."}),
    operator("operator_listing_connection", thing=lambda world: [world.requested.listing_id],
             get=opens(TASKS), post=leads(TASKS)),
    operator("operator_listing_move", thing=_listing, post=leads(TASKS),
             sends=lambda world: {"action": "suspendre", "suspendre-reason": "Une panne."}),
    operator("operator_listing_place", thing=_listing, post=leads(TASKS),
             sends=lambda world: {"move": "rang", "position": "1"}),
    operator("operator_listing_vehicle", thing=_listing, post=leads(TASKS),
             sends=lambda world: {"vehicle": world.active.vehicle_id}),
    operator("operator_listing_visa", thing=_listing, post=leads(TASKS),
             sends=lambda world: {"visa-opinion": "favourable", "visa-given_on": "2026-01-05"}),
    operator("operator_share_offer", thing=_listing, lists_operators=True,
             get=opens(TASKS), post=leads(TASKS),
             sends=lambda world: {"to_operator": world.helper.operator.pk}),
    operator("operator_shares", get=opens(TASKS)),
    operator("operator_share_accept", thing=_offered, post=leads(TASKS)),
    operator("operator_share_refuse", thing=_offered, post=leads(TASKS),
             sends=lambda world: {f"{world.offered.pk}-reason": "Nous avons déjà le nôtre."}),
    operator("operator_share_cancel", thing=_offering, post=leads(TASKS)),
    operator("operator_shelf_rules", get=opens(TASKS), post=leads(TASKS),
             sends=lambda world: {"visa_required": "on"}),
    operator("operator_point_add", post=leads(TASKS), sends=lambda world: {"label": "Les captures"}),
    operator("operator_point_remove", thing=_point, post=leads(TASKS)),

    operator("operator_member_imports", get=opens(TASKS), post=leads(TASKS), sends=_a_file_of_members),
    operator("operator_member_import_template", get=opens(TASKS)),
    operator("operator_member_import", thing=_import, get=opens(TASKS)),
    operator("operator_member_import_progress", thing=_import, get=opens(TASKS)),
    operator("operator_member_import_confirm", thing=_import, post=leads(TASKS)),
    operator("operator_member_import_abandon", thing=_import, post=leads(TASKS)),
    operator("operator_member_import_rejected", thing=_import, get=opens(TASKS)),

    operator("operator_feeds", get=opens(TASKS), post=leads(TASKS),
             sends=lambda world: {"kind": "halle", "url": "https://autre.example/api/v1/"}),
    operator("operator_feed", thing=lambda world: [world.item.feed_id], get=opens(TASKS)),
    operator("operator_feed_read", thing=lambda world: [world.item.feed_id], post=leads(TASKS)),
    operator("operator_feed_remove", thing=lambda world: [world.item.feed_id], post=leads(TASKS)),
    operator("operator_feed_item", thing=lambda world: [world.item.feed_id, world.item.pk],
             get=opens(TASKS), post=leads(TASKS),
             sends=lambda world: {"siren": world.vendor.organisation.siren, "family": "canteen"}),
    operator("operator_feed_item_dismiss", thing=lambda world: [world.item.feed_id, world.item.pk],
             post=leads(TASKS)),
    # Opinions and needs. What is published is public; who writes and who reads over is not.
    member("member_opinion", thing=_active, get=opens(ASKING), post=leads(ASKING),
           sends=lambda world: {"quoi": "avis", "rating": "4", "text": "Simple."}),
    member("member_needs", get=opens(ASKING)),
    member("member_need_new", get=opens(ASKING), post=leads(ASKING), sends=_a_need),
    member("member_need_join", thing=_need, post=leads(ASKING)),
    member("member_need_leave", thing=lambda world: [world.joined.need.public_id], post=leads(ASKING)),
    member("member_need_close", thing=lambda world: [world.own_need.public_id], post=leads(ASKING),
           sends=_a_reason),
    public("hall_needs", thing=_operator),
    public("hall_need", thing=lambda world: [world.operator.slug, world.need.public_id]),
    operator("operator_opinions", get=opens(TASKS)),
    operator("operator_opinion_decide", thing=lambda world: ["avis", world.opinion.public_id],
             post=leads(TASKS), sends=lambda world: {"decision": "publish"}),
    operator("operator_needs", get=opens(TASKS)),
    operator("operator_need", thing=_need, get=opens(TASKS), post=leads(TASKS),
             sends=lambda world: {"text": "Nous y travaillons."}),
    vendor("vendor_transfers", get=opens(VENDORS)),
    vendor("vendor_statements", get=opens(VENDORS), post=leads(VENDOR_ADMIN), sends=_proposed),
    vendor("vendor_statement", thing=_statement, get=opens(VENDORS), post=leads(VENDOR_ADMIN),
           sends=lambda world: {"action": "contester", "reason": "Il manque une commune."}),
    vendor("vendor_statement_csv", thing=_statement, get=opens(VENDORS)),
    vendor("vendor_exits", get=opens(VENDORS)),
    vendor("vendor_exit", thing=_parting, get=opens(VENDORS)),
    vendor("vendor_exit_extend", thing=_parting, post=leads(VENDOR_ADMIN), sends=_a_longer_transition),
    vendor("vendor_exit_certify", thing=_erasing, post=leads(VENDOR_ADMIN), sends=_a_certificate),
    vendor("vendor_exit_certificate", thing=_left, get=opens(VENDORS)),
    vendor("vendor_messages", get=opens(VENDORS)),
    vendor("vendor_message_again", thing=_sent_to_vendor, post=leads(VENDOR_ADMIN)),
    vendor("vendor_requests", get=opens(VENDORS)),
    vendor("vendor_request", thing=_concluding, get=opens(VENDORS)),
    vendor("vendor_request_agree", thing=_concluding, post=leads(VENDOR_ADMIN)),
    vendor("vendor_request_refuse", thing=_concluding, post=leads(VENDOR_ADMIN), sends=_a_reason),
    vendor("vendor_message", thing=_concluding, post=leads(VENDORS), sends=_a_message),
    vendor("vendor_message_file", thing=_joined("vendor"), get=opens(VENDORS)),
    vendor("vendor_opinions", get=opens(VENDORS)),
    vendor("vendor_opinion_answer", thing=lambda world: [world.published.public_id], post=leads(VENDORS),
           sends=lambda world: {"answer": "Merci."}),
    # Needs are everybody's to read and every vendor's to answer: only the door is hers.
    vendor("vendor_needs", get=opens(VENDORS), lists_operators=True),
    Row("vendor_need", door=lambda world: [*_vendor(world), *_need(world)], get=opens(VENDORS),
        post=leads(VENDORS), sends=lambda world: {"text": "Notre service le fait."}),

    # A vendor: <siren> of the vendor.
    vendor("vendor_feeds", get=opens(VENDORS), post=leads(VENDORS),
           sends=lambda world: {"sheet": world.requested.listing.sheet.slug,
                                "url": "https://code.example/publiccode.yml"}),
    vendor("vendor_feed_read", thing=lambda world: [world.followed.pk], post=leads(VENDORS)),
    vendor("vendor_feed_remove", thing=lambda world: [world.followed.pk], post=leads(VENDORS)),
    # A new key is shown on the page that answers: it is kept nowhere.
    vendor("vendor_keys", thing=_sheet, get=opens(VENDOR_ADMIN), post=opens(VENDOR_ADMIN)),
    vendor("vendor_sign_in", thing=_sheet, get=opens(VENDOR_ADMIN), post=leads(VENDOR_ADMIN),
           sends=lambda world: {"protocol": "openid", "redirect_uris": "https://service.example/retour"}),
    vendor("vendor_directory", thing=_sheet, get=opens(VENDOR_ADMIN), post=leads(VENDOR_ADMIN),
           sends=lambda world: {"url": "https://service.example/scim/v2"}),
    vendor("vendor_directory_try", thing=lambda world: [world.directory.offer.product.sheet.slug],
           post=leads(VENDOR_ADMIN)),
    vendor("vendor_key_end", thing=lambda world: [world.sheet.slug, world.service_key.pk],
           post=leads(VENDOR_ADMIN)),
    vendor("vendor_queue", get=opens(VENDORS)),
    vendor("vendor_drift", thing=_drift, get=opens(VENDORS), post=leads(VENDORS)),
    vendor("vendor_home", get=opens(VENDORS)),
    vendor("vendor_service_new", get=opens(VENDORS), post=leads(VENDORS),
           sends=lambda world: {"name": "Une nouveauté", "family": "gis"}),
    vendor("vendor_service", thing=_sheet, get=opens(VENDORS)),
    vendor("vendor_service_edit", thing=lambda world: [world.sheet.slug, "presentation"], get=opens(VENDORS),
           post=leads(VENDORS),
           sends=lambda world: _its_last_version(world) | {"name": "Autre nom", "family": "gis"}),
    vendor("vendor_service_import", thing=_sheet, get=opens(VENDORS), post=leads(VENDORS),
           sends=lambda world: _its_last_version(world) | {"text": written(RIGHT), "fields": ["summary"]}),
    vendor("vendor_service_preview", thing=_sheet, get=opens(VENDORS), lists_halls=True),
    vendor("vendor_connection", thing=_sheet, get=opens(VENDORS), post=leads(VENDORS),
           sends=lambda world: {"url": "https://courtier.example", "username": "halle", "service_id": "s",
                                "plan_id": "p"}),
    vendor("vendor_catalogue", thing=lambda world: [world.kit_run.endpoint.offer.product.sheet.slug],
           get=opens(VENDORS), post=leads(VENDORS)),
    vendor("vendor_kit_ask", thing=lambda world: [world.kit_run.endpoint.offer.product.sheet.slug],
           post=leads(VENDORS)),
    vendor("vendor_kit_run", thing=_kit_run, get=opens(VENDORS)),
    vendor("vendor_kit_progress", thing=_kit_run, get=opens(VENDORS)),
    vendor("vendor_service_history", thing=_sheet, get=opens(VENDORS)),
    vendor("vendor_service_compare", thing=_sheet, get=opens(VENDORS)),
    vendor("vendor_service_restore", thing=_its_first_version,
           post=leads(VENDORS)),
    vendor("vendor_service_publish", thing=_sheet, get=opens(VENDORS), post=leads(VENDORS),
           sends=lambda world: {**_its_last_version(world), "when": "now"}, lists_halls=True),
    vendor("vendor_service_unplan", thing=lambda world: [world.planned.sheet.slug], post=leads(VENDORS)),
    vendor("vendor_submission_cancel", thing=lambda world: [world.sheet.slug, world.sent.public_id],
           post=leads(VENDORS)),
    vendor("vendor_profile", get=opens(VENDOR_ADMIN), post=leads(VENDOR_ADMIN), sends=_a_profile),
    vendor("vendor_papers", get=opens(VENDORS)),
    vendor("vendor_agree", post=leads(VENDOR_ADMIN), sends=lambda world: {"version": world.terms.version}),
    vendor("vendor_declare", post=leads(VENDOR_ADMIN), sends=_a_declaration),
    vendor("vendor_claims", thing=_claims, get=opens(VENDORS)),
    vendor("vendor_claim", thing=_topic, get=opens(VENDORS), post=leads(VENDORS), sends=_a_licence),
    vendor("vendor_claim_renew", thing=_topic, get=opens(VENDORS), post=leads(VENDORS), sends=_as_read),
    vendor("vendor_claim_withdraw", thing=_topic, post=leads(VENDORS)),

    # The vendors' own door, before anybody is one: a request is its author's only.
    public("vendors_door"),
    public("vendors_terms"),
    public("vendors_connect"),
    public("vendors_broker"),
    Row("vendor_apply", get=opens(SIGNED_IN), post=leads(SIGNED_IN), sends=_an_application),
    Row("vendor_apply_cancel", thing=lambda world: [UUID(int=0)], post=not_found(SIGNED_IN)),

    Row("my_applications", get=opens(SIGNED_IN)),

    # A person about herself. Whoever holds a mandate is told to leave first, and so is staff.
    Row("my_data", get=opens(SIGNED_IN)),
    Row("my_data_copy", post=leads(SIGNED_IN)),
    Row("my_data_file", thing=lambda world: [UUID(int=0)], get=not_found(SIGNED_IN)),  # nobody else's
    Row("my_data_erase", get=opens(SIGNED_IN), post=opens(WITH_A_MANDATE, STAFF) | leads(NO_MANDATE, ENDED)),

    Row("my_join", post=leads(SIGNED_IN)),  # nobody's account names an organisation
    # Nobody here has the address of somebody else; nobody answers for whom she does not administer.
    Row("my_relink", get=leads(SIGNED_IN), post=leads(SIGNED_IN)),
    Row("relink", thing=lambda world: [UUID(int=0)], get=not_found(SIGNED_IN), post=not_found(SIGNED_IN)),

    # An organisation itself: <siren> of the commune, of the operator's own body, of the vendor.
    *organisation("organisation_home", get=opens(WITH_A_MANDATE)),
    *(Row("organisation_establishment_new", place=where, door=door, get=only(held, opens(ADDRESSEES)),
          post=only(held, leads(ADDRESSEES)),
          sends=lambda world, door=door: {"siret": second_siret(door(world)[0])})
      for where, door, held in ORGANISATIONS),
    *(Row("organisation_establishment", place=where, door=door, get=only(held, opens(ADDRESSEES)),
          post=only(held, leads(ADDRESSEES)), sends=lambda world: {"name": "Mairie annexe"},
          thing=lambda world, door=door: [siret(door(world)[0])])
      for where, door, held in ORGANISATIONS),
    *(Row("organisation_seat", place=where, door=door, get=only(held, opens(ADDRESSEES)),
          post=only(held, leads(ADDRESSEES)), sends=lambda world, door=door: _a_new_seat(door(world)[0]))
      for where, door, held in ORGANISATIONS),
    *(Row("organisation_seat_cancel", place=where, door=door, post=only(held, leads(ADDRESSEES)),
          thing=lambda world, door=door: _a_planned_move(door(world)[0]))
      for where, door, held in ORGANISATIONS),
    *(Row("organisation_seat_evidence", place=where, door=door, get=only(held, opens(ADDRESSEES)),
          thing=lambda world, door=door: _a_planned_move(door(world)[0]))
      for where, door, held in ORGANISATIONS),
    *organisation("organisation_audit", get=opens(LOG_READERS)),
    *organisation("organisation_audit_export", get=opens(LOG_READERS)),
    *organisation("organisation_people", get=opens(PEOPLE_READERS)),
    *at_each(organisation("organisation_invite", get=opens(ADMINISTRATORS), post=leads(ADMINISTRATORS)),
             sends=_an_address),
    *at_each(organisation("organisation_person", thing=_colleague, get=opens(PEOPLE_READERS),
                          post=not_found(PEOPLE_READERS) | leads(ADMINISTRATORS)), sends=_other_roles),
    *organisation("organisation_person_suspend", thing=_colleague, post=leads(ADMINISTRATORS)),
    *organisation("organisation_person_restore", thing=lambda world: [world.away.pk],
                  post=leads(ADMINISTRATORS)),
    *organisation("organisation_person_end", thing=_colleague, get=opens(ADMINISTRATORS),
                  post=leads(ADMINISTRATORS)),
    *at_each(organisation("organisation_join_answer", post=leads(ADMINISTRATORS),
                          sends=lambda world: {"answer": "refuse", "because": "unknown"}),
             thing=lambda place, world: [world.joiners[place].public_id]),
    *organisation("organisation_leave", get=opens(MEMBERS, OPERATORS, VENDORS),
                  post=leads(MEMBERS, OPERATORS, VENDORS)),
    *at_each(organisation("organisation_invitation_resend", post=leads(ADMINISTRATORS)), thing=_invitation),
    *at_each(organisation("organisation_invitation_cancel", post=leads(ADMINISTRATORS)), thing=_invitation),
    # The link of an invitation: whoever is signed in reads whether it is for her.
    Row("organisation_invitation", thing=_invitation_link, get=opens(SIGNED_IN), post=opens(SIGNED_IN)),

    # The platform's staff: an operator is hers whichever it is.
    Row("platform_home", get=opens(STAFF)),
    Row("platform_claims", get=opens(STAFF)),
    Row("platform_claim", thing=_claim, get=opens(STAFF), post=leads(STAFF), sends=_agreed),
    Row("platform_operator_new", get=opens(STAFF), post=leads(STAFF), sends=lambda world: forms.OPERATOR),
    Row("platform_operator", thing=_operator, get=opens(STAFF)),
    Row("platform_operator_invite", thing=_operator, post=leads(STAFF),
        sends=lambda world: forms.ADMINISTRATOR),
    Row("platform_vendors", get=opens(STAFF)),
    Row("platform_vendor_terms", get=opens(STAFF), post=leads(STAFF), sends=_terms),
    Row("platform_vendor_application", thing=lambda world: [world.application.public_id], get=opens(STAFF),
        post=leads(STAFF), sends=lambda world: {"decision": "accept"}),
    Row("platform_vendor", thing=_vendor, get=opens(STAFF)),
    Row("platform_vendor_suspend", thing=_vendor, post=leads(STAFF), sends=_a_reason),
    Row("platform_vendor_resume", thing=_vendor, post=opens(STAFF)),  # it is not suspended: the page says so

    # Libraries. The two administrations lead whoever is not of the platform's staff to their own sign-in.
    Row("djstripe:djstripe_webhook_by_uuid", thing=lambda world: [UUID(int=0)], post=bad_request(EVERYONE),
        without_csrf_token="Stripe signs what it sends; without a signature, 400."),
    Row("vendor_callback", thing=lambda world: ["1-1.nobody-signed-this"], post=not_found(EVERYONE),
        without_csrf_token="The address is sealed and vendors sign what they send: tests/provisioning."),
    Row("admin:index", get=leads(EVERYONE) | opens(STAFF), only_get=True),
    Row("wagtailadmin_home", get=leads(SIGNED_IN) | opens(STAFF), only_get=True),
    Row("editor_login", get=leads(SIGNED_IN), only_get=True),
]
# The style guide, in development and tests only: invented content.
if apps.is_installed("demo"):
    TABLE += [
        public("styleguide"),
        public("styleguide_communes"),
        public("styleguide_page", thing=lambda world: ["vitrine"]),
    ]
# fmt: on

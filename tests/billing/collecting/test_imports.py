"""Numbers of titres and payments taken back from the finance software, with what is wrong set aside."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction

from billing import recovery
from billing.collecting import imports
from billing.collecting.queries import counts_of_rows, set_aside
from billing.collecting.rows import read_titres
from billing.models import Payment, Settlement, SettlementState, TitreImport, TitreImportState, TitreNumber
from billing.queries import due_of_member
from tenants.models import AuditEvent
from tenants.refusals import Refused
from tests.factories import (
    BillingRunFactory,
    InvoiceFactory,
    OperatorFactory,
    SettlementFactory,
    TitreNumberFactory,
    UserFactory,
)
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

HEADER = "Exercice;Bordereau;Titre;Référence;Montant;Payé le;Montant payé"
# Invoices of the factory are issued on 1 October 2026, of 309,60 €.


@pytest.fixture
def operator():
    return OperatorFactory()


@pytest.fixture
def by():
    return UserFactory()


@pytest.fixture
def run(operator):
    return BillingRunFactory(operator=operator)


def settled(run, **invoice) -> Settlement:
    with as_worker():
        return SettlementFactory(invoice=InvoiceFactory(run=run, issued=True, **invoice))


def sent(operator, by, now, *lines: str) -> TitreImport:
    content = "\r\n".join([HEADER, *lines]).encode()
    return imports.read_file(operator=operator, name="titres.csv", content=content, by=by, now=now)


def taken(operator, by, now, *lines: str, with_doubtful: bool = False) -> TitreImport:
    """A file sent, confirmed, and taken over by the job."""
    found = sent(operator, by, now, *lines)
    imports.confirm(titre_import=found, with_doubtful=with_doubtful, by=by, now=now)
    jobs.run_jobs()
    found.refresh_from_db()
    return found


def problems(found: TitreImport) -> dict[int, str]:
    return {row.line: " ".join(row.reasons) for row in set_aside(titre_import=found)}


@pytest.fixture
def now():
    return datetime(2026, 11, 15, 9, tzinfo=UTC)


def test_a_good_file_numbers_titres_and_marks_invoices_paid(operator, run, by, now):
    whole, unpaid = settled(run), settled(run)
    with as_worker():
        found = taken(
            operator, by, now,
            f"2026;14;123;{whole.invoice.number};309,60;20/10/2026;309,60 €",
            f"2026;14;124;{unpaid.invoice.number};309.6;;",
        )  # fmt: skip
        assert found.state == TitreImportState.DONE
        assert (found.done, found.total) == (2, 2)
        whole.refresh_from_db()
        unpaid.refresh_from_db()
        assert str(whole.titre_number) == "Titre 2026-123, bordereau 14"
        assert (whole.state, whole.paid_at.date()) == (SettlementState.PAID, date(2026, 10, 20))
        assert unpaid.titre_number.number == 124
        assert unpaid.state == SettlementState.PROPOSED
        said = set(AuditEvent.objects.filter(tenant=whole.tenant).values_list("what", flat=True))
        assert said == {"titre.numbered", "invoice.paid"}


def test_partial_payments_wait_for_whoever_looks_and_add_up(operator, run, by, now):
    settlement = settled(run)
    number = settlement.invoice.number
    with as_worker():
        first = taken(operator, by, now, f"2026;1;1;{number};309,60;;")
        part = f";;;{number};309,60;20/10/2026;100,00"
        found = sent(operator, by, now, part)
        assert "Paiement partiel : 100,00" in problems(found)[2]
        with pytest.raises(Refused, match="Aucune ligne"):
            imports.confirm(titre_import=found, with_doubtful=False, by=by, now=now)
        imports.confirm(titre_import=found, with_doubtful=True, by=by, now=now)
        jobs.run_jobs()
        settlement.refresh_from_db()
        assert settlement.state == SettlementState.PROPOSED
        due = due_of_member(organisation=settlement.tenant, today=date(2026, 10, 15))
        assert (due.count, due.cents) == (1, 20960)
        # The same again, too much, then the rest in two parts.
        again = sent(operator, by, now, part, f";;;{number};309,60;21/10/2026;209,61")
        assert "déjà repris" in problems(again)[2]
        assert "Payé en trop" in problems(again)[3]
        imports.abandon(titre_import=again, by=by, now=now)
        rest = [
            f";;;{number};309,60;{day};{paid}" for day, paid in (("22/10/2026", "9,60"), ("23/10/2026", 200))
        ]
        taken(operator, by, now, *rest, with_doubtful=True)
        settlement.refresh_from_db()
        assert (settlement.state, settlement.paid_at.date()) == (SettlementState.PAID, date(2026, 10, 23))
        assert sorted(Payment.objects.values_list("amount_cents", flat=True)) == [960, 10000, 20000]
        assert due_of_member(organisation=settlement.tenant, today=date(2026, 10, 15)).cents == 0
        assert first.state == TitreImportState.DONE


def test_what_is_wrong_is_set_aside_with_its_reason(operator, run, by, now):
    one, other, numbered = settled(run), settled(run), settled(run)
    note = settled(run, corrects=numbered.invoice, type_code="381", number="A2026-00001")
    theirs = settled(BillingRunFactory())
    with as_worker():
        TitreNumberFactory(settlement=numbered, number=200)
        a, b, c = one.invoice.number, other.invoice.number, numbered.invoice.number
        found = sent(
            operator, by, now,
            f"2026;1;10;{a};309,60;;",
            f"2026;1;10;{b};309,60;;",
            f"2026;1;11;{b};300,00;;",
            f"2026;1;200;{b};309,60;;",
            f"2026;1;201;{c};309,60;;",
            f"2026;14;200;{c};309,60;;",
            f"2026;1;12;{theirs.invoice.number}X;309,60;;",
            f"2025;1;13;{b};309,60;;",
            f"2026;1;;{b};309,60;;",
            f"2026;1;14;{b};309,60;20/12/2026;309,60",
            f"2026;1;15;{b};309,60;20/09/2026;309,60",
            f"2026;1;16;{b};309,60;20/10/2026;-5",
            f"2026;1;17;{b};309,60;31/02/2026;309,60",
            f";;;{b};309,60;20/10/2026;309,60",
            f"an;x;0;{b};beaucoup;;",
            f"2026;1;18;{note.invoice.number};309,60;20/10/2026;5",
            "# 2026;1;18;une remarque;309,60;;",
            f"2026;1;19;{b};309,60",
        )  # fmt: skip
        said = problems(found)
        expected = {
            3: "Titre en double",
            4: "le fichier dit 300,00",
            5: "Titre en double",
            6: "ne change pas de numéro",
            7: "Déjà connu",
            8: "aucune facture émise",
            9: "avant la facture",
            10: "vont ensemble",
            11: "n’est pas encore là",
            12: "avant la facture",
            13: "annulé",
            14: "n’est pas une date",
            15: "n’est pas connu",
            16: "n’est pas une année",
            17: "ne se paie pas",
            19: "pas assez de cellules",
        }
        assert said.keys() == expected.keys()
        for line, words in expected.items():
            assert words in said[line], (line, said[line])
        assert counts_of_rows(found)["waiting"] == 1
        with pytest.raises(imports.ImportOpen):
            sent(operator, by, now, f"2026;1;10;{a};309,60;;")
        imports.abandon(titre_import=found, by=by, now=now)
        with pytest.raises(Refused, match="vient d’être"):
            imports.confirm(titre_import=found, with_doubtful=False, by=by, now=now)


def test_a_reduction_closes_its_credit_note(operator, run, by, now):
    invoice = settled(run)
    note = settled(run, corrects=invoice.invoice, type_code="381", number="A2026-00001")
    with as_worker():
        # Its number is of another series: the titre 5 and the reduction 5 are two.
        taken(
            operator, by, now,
            f"2026;1;5;{invoice.invoice.number};309,60;;",
            "2026;2;5;A2026-00001;-309,60;;",
        )  # fmt: skip
        note.refresh_from_db()
        assert str(note.titre_number) == "Réduction 2026-5, bordereau 2"
        assert note.state == SettlementState.PAID


def test_a_killed_worker_is_followed_by_another_and_nothing_is_taken_twice(
    operator, run, by, now, monkeypatch
):
    settlements = [settled(run) for _ in range(3)]
    monkeypatch.setattr(imports, "BATCH", 1)
    lines = [
        f"2026;1;{place};{settlement.invoice.number};309,60;20/10/2026;309,60"
        for place, settlement in enumerate(settlements, start=1)
    ]
    with as_worker():
        found = sent(operator, by, now, *lines)
        imports.confirm(titre_import=found, with_doubtful=False, by=by, now=now)
        jobs.forget()
        assert imports._take_batch(found.pk, now)  # then it is killed
        # Meanwhile somebody took the second one over by hand.
        TitreNumberFactory(settlement=settlements[1], number=99)
        recovery.sweep(now=now.replace(hour=12))
        assert ("billing.tasks.take_titre_import", {"import_id": found.pk}) in jobs.waiting()
        jobs.forget()
        imports.take(import_id=found.pk, now=now)
        found.refresh_from_db()
        assert (found.state, found.done) == (TitreImportState.DONE, 3)
        assert "ne change pas" in problems(found)[3]
        assert TitreNumber.objects.count() == 3
        assert Payment.objects.count() == 2
        imports.take(import_id=found.pk, now=now)
        payment = Payment.objects.first()
        payment.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            payment.save(force_insert=True)


def test_a_private_issuer_has_no_titre(by, now):
    with as_worker(), pytest.raises(Refused, match="émetteur public"):
        sent(OperatorFactory(private=True), by, now, "2026;1;1;F;1;;")


def test_the_way_an_amount_is_written_does_not_matter():
    lines = ["1 234,50 €", "1\u202f234.5", "-1234,50", "1234,5"]
    content = "\n".join([HEADER, *(f"2026;1;{n};F;{text};;" for n, text in enumerate(lines, 1))])
    assert {row.amount_cents for row in read_titres(content.encode()).rows} == {123450}

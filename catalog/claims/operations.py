"""The verbs of claims. Each is one transaction, audited in the vendor's log.

A row is never written again: a correction, a renewal and a check make a new row that replaces the former,
by a conditional UPDATE whose count is read. Whoever acted on what was no longer the last word is told.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from catalog.claims import letters, queries
from catalog.claims.checks import Verdict, check
from catalog.claims.reading import ValueInvalid, dumped, parse, stored
from catalog.claims.values import Value
from catalog.finding.indexing import refresh_sheet
from catalog.models import Claim, ClaimLevel, ClaimTopic, FileKind, ServiceSheet, SheetFile
from catalog.sheets.errors import FileRefused
from catalog.sheets.files import keep_document
from tenants import audit
from tenants.constraints import violated
from tenants.days import in_words
from tenants.models import Operator, User
from tenants.people.roles import VENDOR_ROLES
from tenants.tenancy import tenant_scope

MAX_NOTE = 500


class ClaimInvalid(Exception):
    """What was sent cannot be kept. `errors`: one French sentence by field of the value, or "evidence_url",
    "evidence_file", "note", "valid_until", "level", "" for the whole."""

    def __init__(self, errors: dict[str, str]):
        self.errors = errors
        super().__init__("; ".join(errors.values()))


class ClaimChanged(Exception):
    """Somebody corrected, withdrew or checked this claim meanwhile. `str()` is for the person."""

    def __init__(self):
        super().__init__(
            "Cet engagement a changé pendant que vous le lisiez. Rien n’a été enregistré : relisez-le."
        )


class CheckRefused(Exception):
    """This person may not check this claim. `str()` says why, in French."""


@transaction.atomic
def make_claim(
    *,
    sheet: ServiceSheet,
    topic: str,
    data: Mapping[str, Any],
    evidence_url: str = "",
    evidence_file: SheetFile | None = None,
    evidence_upload: UploadedFile | None = None,
    replaces: Claim | None = None,
    by: User,
    now: datetime,
) -> Claim:
    """A vendor says something of its service, or corrects what it said (`replaces`, the last word it read).

    The level is documented with evidence, declared without; never more. The evidence is an address, a
    document kept before, or one sent now, which is kept. Raises ClaimInvalid, also for what contradicts a
    rule in force today, and ClaimChanged.
    """
    value, errors = _value(topic, data)
    if evidence_url := " ".join(evidence_url.split()):
        errors |= _errors_of_address(evidence_url)
    if evidence_file is not None and (
        evidence_file.vendor_id != sheet.vendor_id or evidence_file.kind != FileKind.DOCUMENT
    ):
        errors["evidence_file"] = "Choisissez un document PDF de votre organisation."
    verdict = None
    if value is not None:
        verdict = check(value, rules=queries.rules(), on=localdate(now))
        errors |= {finding.field: finding.message for finding in verdict.contradictions}
    if errors or value is None or verdict is None:
        raise ClaimInvalid(errors)
    if evidence_upload is not None:
        evidence_file = _kept(sheet, evidence_upload, by, now)
    claim = Claim(
        sheet=sheet,
        topic=topic,
        value=dumped(value),
        level=_level(evidence_url, evidence_file),
        evidence_url=evidence_url,
        evidence_file=evidence_file,
        made_by=by,
        made_at=now,
        valid_until=verdict.until,
    )
    _replace(replaces, by=claim, now=now)
    label = ClaimTopic(topic).label
    verb = "a déclaré" if replaces is None else "a corrigé"
    _record(
        claim,
        by,
        now,
        "claim.made",
        f"{{actor}} {verb} l’engagement « {label} » de « {sheet.name} ».",
        replaces,
    )
    return claim


@transaction.atomic
def renew_claim(*, claim: Claim, by: User, now: datetime) -> Claim:
    """The vendor confirms that what it said still holds: the same value and evidence, made today, to be
    checked anew. Raises ClaimInvalid when a rule no longer allows it, and ClaimChanged."""
    return make_claim(
        sheet=claim.sheet,
        topic=claim.topic,
        data=claim.value,
        evidence_url=claim.evidence_url,
        evidence_file=claim.evidence_file,
        replaces=claim,
        by=by,
        now=now,
    )


@transaction.atomic
def withdraw_claim(*, claim: Claim, by: User, now: datetime) -> None:
    """The vendor no longer says it. Raises ClaimChanged."""
    if Claim.objects.current().filter(pk=claim.pk).update(withdrawn_at=now) != 1:
        raise ClaimChanged
    sentence = f"{{actor}} a retiré l’engagement « {claim.get_topic_display()} » de « {claim.sheet.name} »."
    _record(claim, by, now, "claim.withdrawn", sentence, None)


@transaction.atomic
def verify_claim(
    *,
    claim: Claim,
    note: str,
    valid_until: date | None = None,
    operator: Operator | None,
    by: User,
    now: datetime,
) -> Claim:
    """A checker read the evidence and agrees. `operator` None: in the platform's name.

    It holds until `valid_until`, or as long as the rules allow when None; never longer. Raises ClaimInvalid
    (note, valid_until, ""), CheckRefused and ClaimChanged.
    """
    _may_check(claim, operator, by)
    today, errors = localdate(now), {}
    verdict = _verdict(claim, today)
    note = _note(note, errors)
    if claim.level == ClaimLevel.DECLARED and not claim.evidence_url and claim.evidence_file_id is None:
        errors[""] = "Il n’y a pas de preuve à examiner : demandez-la d’abord à l’éditeur."
    elif verdict is None:
        errors[""] = "Cette valeur n’est plus lisible : demandez à l’éditeur de la corriger."
    elif verdict.contradictions:
        errors[""] = verdict.contradictions[0].message
    elif valid_until is not None and valid_until < today:
        errors["valid_until"] = "Cette date est passée."
    elif valid_until is not None and verdict.until is not None and valid_until > verdict.until:
        errors["valid_until"] = f"Au plus tard le {in_words(verdict.until)}, d’après ce qui est déclaré."
    if errors or verdict is None:
        raise ClaimInvalid(errors)
    return _checked(claim, ClaimLevel.VERIFIED, note, valid_until or verdict.until, operator, by, now)


@transaction.atomic
def contest_claim(
    *, claim: Claim, level: str, reason: str, operator: Operator | None, by: User, now: datetime
) -> Claim:
    """A checker does not agree, and says why: the claim goes back to documented or to declared, never up.

    Its vendor's administrators are written to. Raises ClaimInvalid (level, note), CheckRefused, ClaimChanged.
    """
    _may_check(claim, operator, by)
    errors: dict[str, str] = {}
    reason = _note(reason, errors)
    if level not in ways_down(claim):
        errors["level"] = "Choisissez un niveau de la liste."
    if errors:
        raise ClaimInvalid(errors)
    contested = _checked(claim, ClaimLevel(level), reason, claim.valid_until, operator, by, now)
    with tenant_scope([claim.sheet.vendor.organisation_id]):
        letters.tell_contested(claim=contested, now=now)
    return contested


def ways_down(claim: Claim) -> list[ClaimLevel]:
    """The levels a contested claim may be given: its own or a lower one, without its being verified."""
    if claim.level == ClaimLevel.DECLARED:
        return [ClaimLevel.DECLARED]
    return [ClaimLevel.DOCUMENTED, ClaimLevel.DECLARED]


def _value(topic: str, data: Mapping[str, Any]) -> tuple[Value | None, dict[str, str]]:
    try:
        return parse(topic, data), {}
    except ValueInvalid as invalid:
        return None, dict(invalid.errors)


def _errors_of_address(address: str) -> dict[str, str]:
    """Judged like the addresses inside the values."""
    try:
        parse(ClaimTopic.INTEROPERABILITY, {"api_doc_url": address})
    except ValueInvalid as invalid:
        return {"evidence_url": invalid.errors["api_doc_url"]}
    return {}


def _kept(sheet: ServiceSheet, upload: UploadedFile, by: User, now: datetime) -> SheetFile:
    try:
        return keep_document(vendor=sheet.vendor, file=upload, by=by, now=now)
    except FileRefused as refusal:
        raise ClaimInvalid({"evidence_file": str(refusal)}) from refusal


def _level(evidence_url: str, evidence_file: SheetFile | None) -> ClaimLevel:
    return ClaimLevel.DOCUMENTED if evidence_url or evidence_file else ClaimLevel.DECLARED


def _verdict(claim: Claim, on: date) -> Verdict | None:
    value = stored(claim.topic, claim.value)
    return None if value is None else check(value, rules=queries.rules(), on=on)


def _note(text: str, errors: dict[str, str]) -> str:
    text = " ".join(text.replace("\0", "").split())
    if not text:
        errors["note"] = "Dites en une phrase ce que vous avez vérifié, ou ce qui ne va pas."
    elif len(text) > MAX_NOTE:
        errors["note"] = f"C’est trop long : {MAX_NOTE} caractères au plus."
    return text


def _may_check(claim: Claim, operator: Operator | None, by: User) -> None:
    """The platform's staff, or an operator that has the service in its catalogue or under review; never
    somebody who works for the vendor."""
    vendor = claim.sheet.vendor
    if by.memberships.in_force().filter(organisation=vendor.organisation_id, role__in=VENDOR_ROLES).exists():
        raise CheckRefused("Vous travaillez pour cet éditeur : une autre personne doit vérifier.")
    if operator is None:
        if not by.is_staff:
            raise CheckRefused("Seul le personnel de la plateforme vérifie en son nom.")
    elif not queries.claims_before(operator=operator).filter(pk=claim.pk).exists():
        raise CheckRefused("Ce service n’est pas dans votre catalogue.")


def _checked(
    claim: Claim,
    level: ClaimLevel,
    note: str,
    valid_until: date | None,
    operator: Operator | None,
    by: User,
    now: datetime,
) -> Claim:
    """The same claim with what the checker says of it."""
    checked = Claim(
        sheet=claim.sheet,
        topic=claim.topic,
        value=claim.value,
        level=level,
        evidence_url=claim.evidence_url,
        evidence_file_id=claim.evidence_file_id,
        made_by_id=claim.made_by_id,
        made_at=claim.made_at,
        checked_by=by,
        checked_for=operator,
        checked_on=localdate(now),
        check_note=note,
        valid_until=valid_until,
    )
    _replace(claim, by=checked, now=now)
    agreed = level == ClaimLevel.VERIFIED
    who = operator.short_name if operator else "la plateforme"
    sentence = (
        f"{{actor}} ({who}) a {'vérifié' if agreed else 'contesté'} l’engagement "
        f"« {claim.get_topic_display()} » de « {claim.sheet.name} »."
    )
    what = "claim.verified" if agreed else "claim.contested"
    with tenant_scope([claim.sheet.vendor.organisation_id]):
        _record(checked, by, now, what, sentence, claim)
    return checked


def _replace(former: Claim | None, *, by: Claim, now: datetime) -> None:
    """Saves the new word in place of the former one, if that one was the last. Raises ClaimChanged."""
    if former is not None:
        last_word = Claim.objects.current().filter(pk=former.pk, sheet=by.sheet, topic=by.topic)
        if last_word.update(replaced_at=now) != 1:
            raise ClaimChanged
    try:
        with transaction.atomic():
            by.save(force_insert=True)
    except IntegrityError as error:
        if violated(error) != "claim_one_current_per_topic":
            raise
        raise ClaimChanged from error


def _record(claim: Claim, by: User, now: datetime, what: str, sentence: str, former: Claim | None) -> None:
    """The event in the vendor's log, and the shelves brought up to date."""
    before = former.level if former else None
    audit.record(
        tenant=claim.sheet.vendor.organisation,
        actor=by,
        what=what,
        sentence=sentence,
        subject_id=claim.public_id,
        now=now,
        changes={"level": [before, claim.level]} if before != claim.level else {},
        details={"topic": claim.topic},
    )
    refresh_sheet(sheet_id=claim.sheet_id)

"""Is the audit log still what it was? Every event, against the seal the database wrote at commit."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from tenants.models import AuditSeal, Organisation

# One pass over the events and their seals, whole chains at a time: a seal holds the digest before it.
BROKEN = """
SELECT * FROM (
    SELECT coalesce(event.tenant_id, seal.chain), coalesce(event.id, seal.event_id), seal.position,
        CASE
            WHEN seal.event_id IS NULL THEN 'unsealed'
            WHEN event.id IS NULL THEN 'removed'
            WHEN seal.chain <> event.tenant_id THEN 'moved'
            WHEN seal.position <> row_number() OVER link THEN 'gap'
            WHEN seal.digest <> halle_audit_digest(coalesce(lag(seal.digest) OVER link, ''), event.whole)
                THEN 'changed'
        END AS problem
    FROM (
        SELECT id, tenant_id, e AS whole FROM tenants_auditevent AS e
        WHERE %(chain)s::bigint IS NULL OR tenant_id = %(chain)s
    ) AS event
    FULL JOIN (
        SELECT * FROM tenants_auditseal WHERE %(chain)s::bigint IS NULL OR chain = %(chain)s
    ) AS seal ON seal.event_id = event.id
    WINDOW link AS (PARTITION BY seal.chain ORDER BY seal.position)
) AS checked
WHERE problem IS NOT NULL ORDER BY 1, 3 NULLS LAST, 2
"""
WORDS = {
    "unsealed": "événement sans sceau : il a été ajouté en contournant la base",
    "removed": "événement supprimé : il ne reste que son sceau",
    "moved": "événement déplacé dans le journal d’une autre organisation",
    "gap": "un ou plusieurs événements manquent juste avant celui-ci",
    "changed": "événement modifié après coup, ou l’un de ceux qui le précèdent",
}


@dataclass(frozen=True)
class BrokenLink:
    """Where a chain does not hold: the organisation's id, the event's, its position (None without a seal)."""

    organisation_id: int
    event_id: int
    position: int | None
    problem: str

    def __str__(self):
        place = "" if self.position is None else f" (n° {self.position})"
        return f"événement {self.event_id}{place} : {WORDS[self.problem]}"


@dataclass(frozen=True)
class Seal:
    """The last link of a chain: how many events it holds, and the digest that sums them all up."""

    position: int
    digest: str


def broken_links(*, organisation: Organisation | None = None) -> list[BrokenLink]:
    """What does not hold in one organisation's log (inside its scope), or in all (as a role that crosses
    tenants). Empty when nothing was changed, removed, moved or slipped in.

    The end of a chain cut off cleanly, seals included, shows only against a copy: see `missing_seals`.
    """
    with connection.cursor() as cursor:
        cursor.execute(BROKEN, {"chain": organisation and organisation.pk})
        return [BrokenLink(*row) for row in cursor.fetchall()]


def last_seal(*, organisation: Organisation) -> Seal | None:
    """The end of an organisation's chain; None before its first event."""
    row = AuditSeal.objects.filter(chain=organisation.pk).order_by("-position").first()
    return row and Seal(position=row.position, digest=row.digest)


def missing_seals(*, organisation: Organisation, copy: Iterable[Seal]) -> list[Seal]:
    """Of the seals in a copy made earlier (an export of the log), those that are there no longer."""
    kept = dict(AuditSeal.objects.filter(chain=organisation.pk).values_list("position", "digest"))
    return [seal for seal in copy if kept.get(seal.position) != seal.digest]

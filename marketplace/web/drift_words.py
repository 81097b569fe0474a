"""A difference between a vendor and Halle in words: the same for an operator and for the vendor."""

from marketplace.web.formats import day
from provisioning.models import Drift


def drift_words(drift: Drift) -> dict:
    """{member, service, kind, words, since, kept, under_way}: `kept` says who keeps it so, and why."""
    subscription = drift.subscription
    kept = drift.kept_because and (
        f"Gardé ainsi le {day(drift.kept_at)} par {drift.kept_by.get_full_name()} : {drift.kept_because}"
    )
    return {
        "member": subscription.tenant.name,
        "operator": subscription.operator.short_name,
        "service": subscription.service_name,
        "kind": drift.get_kind_display(),
        "words": drift.words,
        "since": day(drift.opened_at),
        "kept": kept,
        "under_way": drift.repair is not None and drift.repair.finished_at is None,
    }

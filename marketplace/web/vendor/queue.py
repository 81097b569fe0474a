"""What Halle has to ask a vendor's systems, what failed and how long it takes."""

from datetime import timedelta

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplace.web.access import vendor_view
from marketplace.web.drift_words import drift_words
from marketplace.web.formats import day, format_number, moment
from marketplace.web.operator.lists import counted
from marketplace.web.provisioning_words import STATES
from marketplace.web.vendor.duties import crumbs
from provisioning.drift import drifts_at
from provisioning.models import StepState
from provisioning.track_records import track_record_of
from provisioning.vendor_queue import LATELY, Queue, Queued, queue_of

RANGES = (
    "moins d’une minute",
    "1 à 5 minutes",
    "5 à 30 minutes",
    "30 minutes à 4 heures",
    "4 heures à un jour",
    "plus d’un jour",
)
DRIFTS_SHOWN = 50
SHORT = ("< 1 min", "< 5 min", "< 30 min", "< 4 h", "< 1 j", "≥ 1 j")
WIDTH, HEIGHT, TOP, BOTTOM = 560, 200, 24, 36


@vendor_view(with_subscribers=True)
@require_safe
def queue(request, vendor):
    """Everything that goes to this vendor, whoever the operator is."""
    now = timezone.now()
    found = queue_of(vendor=vendor, page=request.GET.get("page"), now=now)
    record = track_record_of(vendor)
    context = {
        "vendor": vendor,
        "crumbs": crumbs(vendor, "Ouvertures et fermetures"),
        "figures": _figures(found),
        "cut": moment(found.cut_until) if found.cut_until else "",
        "failures": counted(found.failures, "échec de suite", "échecs de suite"),
        "page": found.page,
        "rows": [_row(one) for one in found.page],
        "done": [
            {
                "organisation": one.organisation,
                "service": one.service,
                "what": one.event.label,
                "when": moment(one.done_at),
                "took": in_words(one.took) if one.took is not None else "",
            }
            for one in found.done
        ],
        "drifts": [
            {
                **drift_words(one),
                "url": reverse("vendor_drift", args=[vendor.organisation.siren, one.pk]),
            }
            for one in drifts_at(vendor=vendor)[:DRIFTS_SHOWN]
        ],
        "chart": _chart(found.delays),
        "days": LATELY.days,
        "record": record
        and {
            "opened": counted(record.opened, "ouverture"),
            "unaided": _part(record.unaided, record.opened),
            "median": in_words(timedelta(minutes=record.median_minutes)),
            "since": day(record.since),
            "until": day(record.last_day),
        },
    }
    return render(request, "vendor/queue.html", context)


def in_words(span: timedelta) -> str:
    """ "12 secondes", "3 minutes", "2 heures", "4 jours": the largest unit, rounded down."""
    seconds = max(0, int(span.total_seconds()))
    for unit, name in ((86_400, "jour"), (3_600, "heure"), (60, "minute")):
        if seconds >= unit:
            return counted(seconds // unit, name)
    return counted(seconds, "seconde")


def _part(some: int, of: int) -> str:
    """How many among that many openings, in the middle of a sentence."""
    if some == 0:
        return "aucune"
    return "toutes" if some == of > 1 else f"dont {format_number(some)}"


def _figures(found: Queue) -> list[dict]:
    counts = found.counts
    return [
        {"label": "En attente", "value": format_number(counts[StepState.PENDING])},
        {
            "label": "En cours",
            "value": format_number(counts[StepState.RUNNING] + counts[StepState.WAITING]),
        },
        {
            "label": "Demandent une personne",
            "value": format_number(counts[StepState.NEEDS_PERSON]),
            "note": "chez l’opérateur",
        },
    ]


def _row(one: Queued) -> dict:
    level, word = STATES[one.state]
    return {
        "organisation": one.organisation,
        "operator": one.operator,
        "service": one.service,
        "what": one.label,
        "badge": level,
        "state": word,
        "problem": one.problem,
        "cause": f"Cause : {one.cause}." if one.cause and one.problem else "",
        "next": moment(one.next_try) if one.next_try else "",
        "planned": moment(one.planned_at),
    }


def _chart(delays: list[int]) -> dict | None:
    if not sum(delays):
        return None
    highest, step = max(delays), WIDTH / len(delays)
    bars = []
    for number, count in enumerate(delays):
        height = count / highest * (HEIGHT - TOP - BOTTOM)
        bars.append(
            {
                "x": f"{number * step + 8:.1f}",
                "y": f"{HEIGHT - BOTTOM - height:.1f}",
                "middle": f"{(number + 0.5) * step:.1f}",
                "label_y": f"{HEIGHT - BOTTOM - height - 6:.1f}",
                "width": f"{step - 16:.1f}",
                "height": f"{height:.1f}",
                "short": SHORT[number],
                "label": RANGES[number],
                "count": format_number(count),
            }
        )
    said = ", ".join(f"{bar['count']} en {bar['label']}" for bar in bars if bar["count"] != "0")
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "base": HEIGHT - BOTTOM,
        "axis_y": HEIGHT - BOTTOM + 20,
        "bars": bars,
        "words": said,
    }

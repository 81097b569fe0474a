"""Searches that a person wants to find again, and to hear of."""

from datetime import datetime
from urllib.parse import urlencode

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import QueryDict

from catalog.finding.addresses import parameters, shelf_query
from catalog.finding.asked import Asked
from catalog.models import SavedSearch
from catalog.shortlists.refusals import KeepingRefused
from tenants import audit
from tenants.constraints import violated
from tenants.models import Operator, Organisation, User

MOST = 30  # of one person in one organisation
LONGEST_QUERY = 1000
TOO_LONG = "Cette recherche est trop longue pour être gardée. Retirez quelques mots ou quelques filtres."


def asked_by(query: str) -> Asked:
    """What a query string asks of a shelf; what is none of its parameters counts for nothing."""
    return shelf_query(QueryDict(query[: 4 * LONGEST_QUERY])).asked


def shortest(query: str) -> str:
    """The query string that asks the same of any shelf, in an order of its own, without commune nor page.
    Raises KeepingRefused for one that is too long."""
    found = urlencode(parameters(asked_by(query)))
    if len(found) > LONGEST_QUERY:
        raise KeepingRefused(TOO_LONG)
    return found


@transaction.atomic
def save_search(
    *,
    organisation: Organisation,
    operator: Operator,
    name: str,
    query: str,
    alert: bool,
    by: User,
    now: datetime,
) -> SavedSearch:
    """Keeps a search of this operator's shelf for this person. What is listed from now on is news.

    Raises KeepingRefused: too many, too long, or a name she has given already.
    """
    query = shortest(query)
    mine = SavedSearch.objects.filter(tenant=organisation, user=by)
    if mine.count() >= MOST:
        raise KeepingRefused(f"Vous gardez déjà {MOST} recherches. Supprimez-en une d’abord.")
    try:
        with transaction.atomic():
            search = SavedSearch.objects.create(
                tenant=organisation,
                user=by,
                operator=operator,
                name=name,
                query=query,
                alert=alert,
                created_at=now,
                seen_until=now,
            )
    except IntegrityError as error:
        if violated(error) != "saved_search_name_unique":
            raise
        raise KeepingRefused(
            "Vous avez déjà une recherche de ce nom. Donnez-lui-en un autre.", "name"
        ) from None
    _record(search, by, now, "search.saved", "{actor} a enregistré une recherche.")
    return search


@transaction.atomic
def set_alert(*, search: SavedSearch, alert: bool, by: User, now: datetime) -> None:
    """Turns the letters on or off. Turned on again, only what is listed from then on is news."""
    changed = SavedSearch.objects.filter(pk=search.pk, alert=not alert)
    if changed.update(alert=alert, **({"seen_until": now} if alert else {})):
        words = "est prévenue" if alert else "n’est plus prévenue"
        _record(search, by, now, "search.alert", f"{{actor}} {words} des nouveautés d’une recherche.")


@transaction.atomic
def forget_search(*, search: SavedSearch, by: User, now: datetime) -> None:
    """Keeps it no longer."""
    removed, _ = SavedSearch.objects.filter(pk=search.pk).delete()
    if removed:
        _record(search, by, now, "search.forgotten", "{actor} a supprimé une recherche enregistrée.")


def searches_of(*, organisation: Organisation, person: User) -> QuerySet[SavedSearch]:
    """Her own, the last saved first."""
    mine = SavedSearch.objects.filter(tenant=organisation, user=person)
    return mine.select_related("operator", "tenant__territory").order_by("-created_at", "-pk")


def _record(search: SavedSearch, by: User, now: datetime, what: str, sentence: str) -> None:
    audit.record(tenant=search.tenant, actor=by, what=what, sentence=sentence, subject_id=search.pk, now=now)

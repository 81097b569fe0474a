"""Telling people of the services that came onto a shelf and answer a search they saved: one letter a person,
organisation and day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.timezone import localdate

from catalog.curation.letters import address
from catalog.finding.asked import Visitor, visitor_of
from catalog.finding.cards import card_texts
from catalog.finding.find import listed_since
from catalog.models import SavedSearch
from catalog.shortlists.searches import asked_by
from tenants import letters
from tenants.members.adhesions import adheres
from tenants.models import Letter, Organisation, User
from tenants.models.territory import TerritoryKind
from tenants.people.roles import MEMBER_ROLES

# What was listed this long ago is committed: nothing of that time can still appear.
SETTLED = timedelta(minutes=10)
MAX_LINES = 20  # of one search


@dataclass(frozen=True)
class News:
    """What came for one search: the listings, the last one first."""

    search: SavedSearch
    listings: list[int]


def send_alerts(*, now: datetime) -> int:
    """Writes to each person whose saved searches have new matches, once a day; how many letters.

    May run any number of times: a search remembers until when it was looked at, in the same transaction as
    the letter, and a day without a run is made up by the next.
    """
    return sum(_tell(searches, now) for searches in _by_person())


def _by_person() -> Iterator[list[SavedSearch]]:
    searches = (
        SavedSearch.objects.filter(alert=True, user__is_active=True)
        .exclude(user__email="")
        .select_related("tenant__territory", "operator", "user")
        .order_by("tenant_id", "user_id", "pk")
    )
    for _, mine in groupby(searches, key=lambda search: (search.tenant_id, search.user_id)):
        yield list(mine)


@transaction.atomic
def _tell(searches: Sequence[SavedSearch], now: datetime) -> bool:
    """Moves the searches on and writes the letter, both or neither. Whoever was written to today waits."""
    organisation, person = searches[0].tenant, searches[0].user
    key = letter_key(organisation, person, now)
    if not _works_for(person, organisation) or Letter.objects.filter(key=key).exists():
        return False
    today, until = localdate(now), now - SETTLED
    visitor = _visitor(organisation, now)
    news = []
    for search in searches:
        if not adheres(organisation=organisation, operator=search.operator, on=today):
            continue
        found = listed_since(
            operator_id=search.operator_id,
            asked=asked_by(search.query),
            visitor=visitor,
            since=search.seen_until,
            until=until,
            on=today,
        )
        # Looked at by this run only, even when two run at once.
        seen = SavedSearch.objects.filter(pk=search.pk, seen_until=search.seen_until, alert=True)
        if found and seen.update(seen_until=until):
            news.append(News(search, found))
    if not news:
        return False
    letters.write(
        tenant=organisation,
        key=key,
        to=person.email,
        subject=f"Nouveautés pour vos recherches : {', '.join(one.search.name for one in news)}",
        body=BODY.format(
            organisation=organisation.name,
            searches="\n\n".join(_lines(one, visitor) for one in news),
            stop=address("member_searches", organisation.siren),
        ),
        now=now,
    )
    return True


def letter_key(organisation: Organisation, person: User, now: datetime) -> str:
    """One letter a person, organisation and day."""
    return f"alerts:{organisation.pk}:{person.pk}:{localdate(now).isoformat()}"


def _works_for(person: User, organisation: Organisation) -> bool:
    mandates = organisation.memberships.in_force().filter(user=person, role__in=MEMBER_ROLES)
    return mandates.exists()


def _visitor(organisation: Organisation, now: datetime) -> Visitor | None:
    territory = organisation.territory
    if territory is None or territory.kind != TerritoryKind.COMMUNE:
        return None
    return visitor_of(territory, on=localdate(now))


def _lines(news: News, visitor: Visitor | None) -> str:
    search = news.search
    texts = card_texts(listings=news.listings[:MAX_LINES])
    lines = [f"« {search.name} », chez {search.operator.short_name} :"]
    lines += [f"- {text.name}, de {text.vendor_name} : {text.summary}" for text in texts]
    if len(news.listings) > MAX_LINES:
        lines.append(f"- et {len(news.listings) - MAX_LINES} autres.")
    return "\n".join([*lines, f"Voir : {settings.BASE_URL.rstrip('/')}{search_path(search)}"])


def search_path(search: SavedSearch) -> str:
    """The path of the shelf that answers it, priced for the organisation's commune."""
    territory = search.tenant.territory
    commune = f"insee={territory.code}" if territory and territory.kind == TerritoryKind.COMMUNE else ""
    query = "&".join(filter(None, [search.query, commune]))
    return reverse("storefront", args=[search.operator.slug]) + (f"?{query}" if query else "")


BODY = """\
Bonjour,

De nouveaux services répondent à vos recherches pour {organisation} :

{searches}

Pour ne plus être prévenu, ou changer vos recherches :
{stop}

Halle
"""

"""An operator's members, page by page: 35,000 of them, searched, filtered, in alphabetical order."""

import re
from dataclasses import dataclass
from datetime import date

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import BooleanField, F, FilteredRelation, Func, OuterRef, Q, QuerySet, Subquery, Value

from tenants.identifiers import SIREN_DIGITS, SIRET_DIGITS
from tenants.members.adhesions import covered_by
from tenants.models import Adhesion, Operator, Organisation, Territory
from tenants.models.organisation import PlainName
from tenants.register.names import normalise

PAGE_SIZE = 25

IN_FORCE, COVERED, TO_COME, LEAVING, FORMER = "en-cours", "couvertes", "a-venir", "retraits", "anciens"
NO_COLLEGE = "aucun"


class IsAny(Func):
    """`value = ANY(array)`: over 35,000 rows, two thirds of the time of the same `IN (subquery)`."""

    template, arg_joiner = "%(expressions)s)", " = ANY("
    output_field = BooleanField()


@dataclass(frozen=True)
class MemberFilters:
    """What is asked of the list; "" filters nothing.

    `state` is one of IN_FORCE (members of the day, communes covered included), COVERED (those only), TO_COME,
    LEAVING (in force, withdrawal asked) and FORMER. `college` is the id of one of the operator's, as text, or
    NO_COLLEGE; a covered commune is in none.
    """

    search: str = ""
    college: str = ""
    kind: str = ""
    departement: str = ""
    state: str = IN_FORCE


@dataclass(frozen=True)
class MemberPage:
    """One page: `members` as `member_rows` gives them, `count` of all pages, `number` from 1."""

    members: list[Organisation]
    count: int
    number: int


def member_page(*, operator: Operator, filters: MemberFilters, on: date, number: int) -> MemberPage:
    """A page of the members that answer `filters` on that day, by name. Two statements; a number that is too
    high gives the last page."""
    ids, count, number = _ids(_found(operator, filters, on), number)
    members = member_rows(operator=operator, filters=filters, on=on, among=ids) if ids else []
    return MemberPage(members=members, count=count, number=number)


def member_rows(
    *, operator: Operator, filters: MemberFilters, on: date, among: list[int] | None = None
) -> list[Organisation]:
    """The members that answer `filters`, by name; only those `among` these ids, if given. One statement.

    Each has its `territory`, `own`: its adhesion to this operator that answers the state asked, with its
    college (the newest of several), None for a commune that is only covered, and `covering`: the name of
    the intercommunality whose adhesion covers it on that day, None without.
    """
    found = Organisation.objects.filter(pk__in=among) if among else _found(operator, filters, on)
    rows = (
        found.annotate(
            own=FilteredRelation(
                "adhesions", condition=_of_state(operator, filters.state, on, path="adhesions__")
            ),
            covering=Subquery(
                _covering(operator, on)
                .filter(organisation__territory=OuterRef("territory__epci"))
                .values("organisation__name")[:1]
            ),
        )
        .select_related("territory", "own__college")
        .order_by("plain_name", "pk", F("own__since").asc(nulls_first=True))
    )
    members = {row.pk: row for row in rows}
    for member in members.values():
        member.own = getattr(member, "own", None)  # Django leaves it out when there is none
    return list(members.values())


def _found(operator: Operator, filters: MemberFilters, on: date) -> QuerySet[Organisation]:
    adhesions = _adhesions(operator, filters.state, on)
    if filters.college == NO_COLLEGE:
        adhesions = adhesions.filter(college__isnull=True)
    elif filters.college:
        adhesions = adhesions.filter(college=filters.college)
    members = adhesions.values_list("organisation")
    covered = covered_by(_covering(operator, on)).values_list("pk")
    in_force = _adhesions(operator, IN_FORCE, on).values("organisation")
    if filters.state == COVERED:
        members = covered.exclude(pk__in=in_force)
    elif filters.state == IN_FORCE and not filters.college:
        members = members.union(covered, all=True)
    elif filters.state == FORMER:
        members = members.exclude(organisation__in=in_force)
    return Organisation.objects.filter(
        IsAny("pk", ArraySubquery(members)),
        _answers(filters.search),
        _sits_in(filters.departement),
        _is_a(filters.kind),
    )


def _adhesions(operator: Operator, state: str, on: date) -> QuerySet[Adhesion]:
    return Adhesion.objects.filter(_of_state(operator, state, on))


def _of_state(operator: Operator, state: str, on: date, path: str = "") -> Q:
    """Conditions on an adhesion; `path` leads to it."""

    def say(**conditions) -> Q:
        return Q(**{path + name: value for name, value in conditions.items()})

    if state == TO_COME:
        dated = say(since__gt=on)
    elif state == FORMER:
        dated = say(until__lte=on)
    else:
        dated = say(since__lte=on) & (say(until__isnull=True) | say(until__gt=on))
    if state == LEAVING:
        dated &= say(withdrawal_on__isnull=False)
    return say(operator=operator) & dated


def _covering(operator: Operator, on: date) -> QuerySet[Adhesion]:
    return Adhesion.objects.in_force(on=on).filter(operator=operator, covers_communes=True)


def _answers(text: str) -> Q:
    """Part of the name, whatever its accents, capitals, "st" or "ste"; a SIREN; a SIRET."""
    if not text:
        return Q()
    digits = re.sub(r"\s", "", text)
    if digits.isdigit() and len(digits) in (SIREN_DIGITS, SIRET_DIGITS):
        return Q(siren=digits[:SIREN_DIGITS])
    key = normalise(text)
    if not key:
        return Q(siren="")  # no letter and no digit: nobody's name
    return Q(plain_name__contains=PlainName(Value(text))) | Q(plain_name__contains=key)


def _sits_in(departement: str) -> Q:
    """In a département: by its territory, or its postcode for a body that has none (a CCAS, a syndicat)."""
    if not departement:
        return Q()
    start = {"2A": "20", "2B": "20"}.get(departement, departement)
    # A subquery, not a join: half the time over 35,000 rows.
    places = Territory.objects.filter(departement=departement).values("pk")
    return Q(territory__in=places) | Q(territory__isnull=True, postcode__startswith=start)


def _is_a(kind: str) -> Q:
    return Q(kind=kind) if kind else Q()


def _ids(found: QuerySet[Organisation], number: int) -> tuple[list[int], int, int]:
    """The ids of a page, how many rows there are in all, and the number of the page given.

    One statement in one pass: to count first, or to count over a window, takes twice as long. The offset is
    brought back to the last page by the statement itself.
    """
    statement, values = found.order_by().values("pk", "plain_name").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH found (id, plain_name) AS MATERIALIZED ({statement}),"  # noqa: S608 Django's own
            " counted AS (SELECT count(*) AS rows, least(%s, greatest(count(*) - 1, 0) / %s) AS page"
            " FROM found)"
            " SELECT rows, page, ARRAY(SELECT id FROM found ORDER BY plain_name, id LIMIT %s"
            " OFFSET (SELECT page FROM counted) * %s) FROM counted",
            [*values, max(number, 1) - 1, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE],
        )
        count, page, ids = cursor.fetchone()
    return ids, count, page + 1

"""Opinions and needs as the templates show them, for every audience."""

from catalog.experience.queries import Opinions
from catalog.models import ExperienceSheet, Family, Need, NeedState, Review
from marketplace.web.formats import day, format_cents, format_number

NEED_BADGES = {NeedState.OPEN: "info", NeedState.ANSWERED: "success", NeedState.CLOSED: "neutral"}


def opinions_section(found: Opinions) -> dict:
    """For public/_opinions.html: the average in words, the bars, the texts."""
    return {
        "count": found.count,
        "average": out_of_five(found.tenths),
        "said": f"{found.count} avis" if found.count else "",
        "bars": [
            {
                "rating": rating,
                "number": number,
                # In tenths, rounded: the stylesheet has eleven widths, the policy allows no inline style.
                "tenths": (20 * number + found.count) // (2 * found.count),
            }
            for rating, number in found.by_rating.items()
        ]
        if found.count
        else [],
        "reviews": [review_card(review) for review in found.reviews],
        "experiences": [experience_card(one) for one in found.experiences],
    }


def out_of_five(tenths: int) -> str:
    """43 → "4,3 sur 5"."""
    whole, rest = divmod(tenths, 10)
    return f"{whole},{rest} sur 5" if rest else f"{whole} sur 5"


def review_card(review: Review) -> dict:
    """For components/review.html."""
    return {
        "who": review.organisation.name,
        "on": day(review.written_at),
        "rating": f"{review.rating} sur 5",
        "text": review.text,
        "answer": review.answer,
        "answered_on": day(review.answered_at),
    }


def experience_card(one: ExperienceSheet) -> dict:
    """For components/experience.html."""
    weeks = f"{format_number(one.weeks)} semaine{'s' if one.weeks >= 2 else ''}"
    return {
        "who": one.organisation.name,
        "on": day(one.written_at),
        "what_we_did": one.what_we_did,
        "advice": one.advice,
        "facts": [
            {"label": "Durée de mise en place", "value": weeks},
            {
                "label": "Coût total constaté",
                "value": "non communiqué" if one.cost_cents is None else format_cents(one.cost_cents),
            },
        ],
    }


def need_row(need: Need, *, url: str) -> dict:
    """One need in a list."""
    return {
        "title": need.title,
        "url": url,
        "who": need.organisation.name,
        "operator": need.operator.short_name,
        "on": day(need.written_at),
        "family": Family(need.family).label if need.family else "Autre",
        "wanted": wanted(need.joined),
        "badge": NEED_BADGES[NeedState(need.state)],
        "state": need.get_state_display().capitalize(),
    }


def need_page(need: Need) -> dict:
    """A need with its supports and answers (catalog.experience.queries.with_answers)."""
    return {
        **need_row(need, url=""),
        "description": need.description,
        "closed": need.state == NeedState.CLOSED,
        "reason": need.closed_reason,
        "supports": [support.organisation.name for support in need.supports.all()],
        "answers": [
            {
                "who": answer.organisation.name,
                "on": day(answer.written_at),
                "text": answer.text,
                "service": answer.sheet.name if answer.sheet else "",
            }
            for answer in need.answers.all()
        ],
    }


def wanted(joined: int) -> str:
    """How many have the need, its author included."""
    return "1 collectivité" if not joined else f"{format_number(joined + 1)} collectivités"

"""From what was typed to what the engine reads, each mistake put back where it was typed."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from catalog.pricing import Grid, GridInvalid, TypedWrong, parse_grid, read_amount_text, read_count_text
from catalog.pricing.grid_messages import in_french
from catalog.pricing.strata import Stratum, measured_in_words
from marketplace.web.operator.grids.nodes import NO_PRICE, Node, is_blank
from marketplace.web.operator.grids.patterns import Ask

CHOOSE = "Choisissez un modèle de barème."
NO_AMOUNT = f"Indiquez un montant, ou « {NO_PRICE} » si vous ne le publiez pas."
ASKED_PRICE = {NO_PRICE, "non publié", "sur devis", "à demander"}


def read_node(node: Node) -> tuple[dict[str, Any] | None, Grid | None]:
    """The definition, and the grid the engine makes of it: None for what cannot be read, and `node.errors`
    then say what to mend, where."""
    definition = definition_of(node)
    if node.is_wrong or definition is None:
        return None, None
    try:
        return definition, parse_grid(definition)
    except GridInvalid as invalid:
        cause = invalid.__cause__
        if isinstance(cause, ValidationError):
            for error in cause.errors(include_url=False):
                _place(node, list(error["loc"]), in_french([{**error, "loc": ()}]))
        if not node.is_wrong:
            node.errors[""] = invalid.errors
        for inner in node.walk():
            if inner.pattern == "flat_by_stratum" and "" in inner.errors:
                _point_at_strata(inner)
        return None, None


def definition_of(node: Node) -> dict[str, Any] | None:
    """What the engine reads; None when nothing was chosen. Fills `errors` with what cannot be read at all."""
    if node.kept is not None:
        return node.kept
    plan = node.plan
    if plan is None:
        if node.required:
            node.wrong("", CHOOSE)
        return None
    found: dict[str, Any] = {"pattern": node.pattern}
    for ask in plan.asks:
        _put(found, node, ask, node.typed.get(ask.name, ""), ask.name)
    if plan.rows:
        found[plan.rows.name] = list(_rows(node))
    if node.pattern == "flat_by_stratum" and found.get("measure") != "inhabitants":
        found.pop("population_kind", None)
    for child in plan.children:
        inner = definition_of(node.children[child.name])
        if inner is not None:
            found[child.name] = inner
    if plan.entries:
        inside = [(entry.key, definition_of(entry.node)) for entry in node.entries]
        found[plan.entries.name] = _inside(node, plan.entries.shape, inside)
    return found


def _inside(node: Node, shape: str, inside: list[tuple[str, dict | None]]) -> Any:
    for number, (key, _) in enumerate(inside):
        if not key:
            node.wrong(f"e{number}", "À renseigner.")
        elif key in [other for other, _ in inside[:number]]:
            node.wrong(f"e{number}", f"« {key} » est déjà donné plus haut.")
    if shape == "list":
        return [{"name": key, "grid": grid} for key, grid in inside]
    return dict(inside)


def _rows(node: Node) -> Iterator[dict[str, Any]]:
    """The rows that say something, bounds completed; their numbers are remembered."""
    asks = node.plan.rows.asks
    node.row_numbers = []
    above: dict[str, Any] = {}
    for number, row in enumerate(node.rows):
        if is_blank(row):
            continue
        found: dict[str, Any] = {}
        for ask in asks:
            _put(found, node, ask, row.get(ask.name, ""), f"{number}.{ask.name}")
        if node.pattern == "flat_by_stratum":
            _follow(found, above)
        above = found
        node.row_numbers.append(number)
        yield found


def _follow(stratum: dict[str, Any], above: dict[str, Any]) -> None:
    """A lower bound left empty is where the stratum above ends."""
    if stratum.get("lower") is None and above.get("upper") is not None:
        includes = above.get("upper_inclusive", True)
        stratum["lower"] = above["upper"] + 1 if includes else above["upper"]
        stratum["lower_inclusive"] = True


def _put(found: dict[str, Any], node: Node, ask: Ask, text: str, where: str) -> None:
    """One field of a definition, read; left out when it is empty and may be."""
    try:
        value = _value(ask, text)
    except TypedWrong as wrong:
        node.wrong(where, str(wrong))
        return
    if value is not None or ask.kind == "stratum_amount":
        found[ask.name] = value


def _value(ask: Ask, text: str) -> Any:
    if ask.kind in ("bound_low", "bound_high"):
        return text != "non"
    if ask.kind == "stratum_amount":
        if text.casefold() in ASKED_PRICE:
            return None
        if not text:
            raise TypedWrong(NO_AMOUNT)
    if not text and ask.required and ask.kind in ("choice", "text"):
        raise TypedWrong("À renseigner.")
    if not text and not ask.required:
        return None
    if ask.kind == "count":
        return read_count_text(text)
    if ask.kind in ("amount", "stratum_amount"):
        return read_amount_text(text)
    return text


def _place(node: Node, loc: list, sentences: Sequence[str]) -> None:
    """Puts what the engine says of `loc` on the field, the row or the part that it is about."""
    plan = node.plan
    if loc and loc[0] == node.pattern:
        loc = loc[1:]
    if not loc or plan is None:
        node.errors.setdefault("", []).extend(sentences)
        return
    name, *rest = loc
    if name in node.children:
        _place(node.children[name], rest, sentences)
    elif plan.entries and name == plan.entries.name and rest:
        _place_inside(node, rest, sentences)
    elif plan.rows and name == plan.rows.name and rest and isinstance(rest[0], int):
        number = node.row_numbers[rest[0]]
        cell = f".{rest[1]}" if len(rest) > 1 else ""
        node.errors.setdefault(f"{number}{cell}", []).extend(sentences)
    elif name in node.typed:
        node.errors.setdefault(str(name), []).extend(sentences)
    else:
        node.errors.setdefault("", []).extend(sentences)


def _place_inside(node: Node, rest: list, sentences: Sequence[str]) -> None:
    key, *inner = rest
    numbers = [n for n, entry in enumerate(node.entries) if key in (n, entry.key)]
    if not numbers:
        node.errors.setdefault("", []).extend(sentences)
    elif inner[:1] == ["name"]:
        node.errors.setdefault(f"e{numbers[0]}", []).extend(sentences)
    else:
        _place(node.entries[numbers[0]].node, inner[1:] if inner[:1] == ["grid"] else inner, sentences)


def _point_at_strata(node: Node) -> None:
    """Beside each stratum that does not follow the one before it."""
    numbered: list[tuple[Stratum, int]] = []
    measure = node.typed.get("measure", "inhabitants")
    for number, row in zip(node.row_numbers, _rows(_copy(node)), strict=True):
        try:
            numbered.append((Stratum.model_validate(row), number))
        except ValidationError:
            return
    numbered.sort(key=lambda pair: (pair[0].first, pair[0].last is None, pair[0].last or 0))
    for (low, _), (high, number) in pairwise(numbered):
        where = str(number)
        if low.last is None or high.first <= low.last:
            node.wrong(where, f"Recouvre la strate « {low.in_words(measure)} ».")
        elif high.first > low.last + 1:
            missing = measured_in_words(low.last + 1, measure)
            node.wrong(where, f"Rien n’est prévu avant cette strate, à partir de {missing}.")


def _copy(node: Node) -> Node:
    """For reading its rows again without telling mistakes twice."""
    return Node(node.prefix, pattern=node.pattern, rows=node.rows)

"""A grid as it is typed: a tree of texts, kept whatever they are, and what the engine says of each of them.

Addresses in the form: `g.pattern`, `g.f.rate` (a field), `g.r.0.upper` (a row), `g.c.otherwise…` (a grid
inside), `g.e.1.key` and `g.e.1.g…` (one of several grids inside).
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from marketplace.web.formats import format_number
from marketplace.web.operator.grids.patterns import ANY, PATTERNS, Ask, Pattern

MAX_ROWS, MAX_ENTRIES, MAX_TYPED = 100, 40, 500
SPARE_ROWS = 2
NO_PRICE = "sur demande"
# What a bound says, by whether it is included.
LOW_WORDS = ((True, "à partir de"), (False, "plus de"))
HIGH_WORDS = ((True, "jusqu’à"), (False, "moins de"))


@dataclass
class Entry:
    """One of several grids inside, under its key as typed."""

    key: str
    node: "Node"


@dataclass
class Node:
    """One grid as typed. `errors` by field ("rate"), by cell of a row ("0.upper"), by row ("0"), "" for the
    whole. `kept` is the definition of a pattern that has no form: shown, and saved as it was."""

    prefix: str
    allowed: tuple[str, ...] = ANY
    required: bool = True
    pattern: str = ""
    typed: dict[str, str] = field(default_factory=dict)
    rows: list[dict[str, str]] = field(default_factory=list)
    children: dict[str, "Node"] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    errors: dict[str, list[str]] = field(default_factory=dict)
    kept: dict[str, Any] | None = None
    row_numbers: list[int] = field(default_factory=list)  # of the rows sent to the engine, in its order

    @property
    def plan(self) -> Pattern | None:
        return PATTERNS.get(self.pattern)

    def walk(self) -> Iterator["Node"]:
        """This node and all inside."""
        yield self
        for child in self.children.values():
            yield from child.walk()
        for entry in self.entries:
            yield from entry.node.walk()

    def wrong(self, where: str, sentence: str) -> None:
        self.errors.setdefault(where, []).append(sentence)

    @property
    def is_wrong(self) -> bool:
        return any(node.errors for node in self.walk())

    def at(self, prefix: str) -> "Node | None":
        """The node of this address, here or inside."""
        return next((node for node in self.walk() if node.prefix == prefix), None)


def new_node(prefix: str, pattern: str, *, population_kind: str, allowed=ANY, required=True) -> Node:
    """A blank grid of this pattern."""
    node = Node(prefix, allowed, required)
    choose(node, pattern, population_kind=population_kind)
    return node


def choose(node: Node, pattern: str, *, population_kind: str) -> None:
    """Makes it of this pattern; what is asked under the same name is kept."""
    plan = PATTERNS.get(pattern)
    node.pattern, node.errors = pattern, {}
    if plan is None:
        return
    defaults = {ask.name: ask.default or (ask.choices[0][0] if ask.choices else "") for ask in plan.asks}
    if "population_kind" in defaults:
        defaults["population_kind"] = population_kind
    node.typed = {**defaults, **{name: node.typed[name] for name in defaults if node.typed.get(name)}}
    node.children = {
        child.name: node.children.get(child.name)
        or Node(f"{node.prefix}.c.{child.name}", child.allowed, child.required)
        for child in plan.children
    }
    if plan.entries and not node.entries:
        add_entry(node)
    if plan.entries is None:
        node.entries = []


def add_entry(node: Node) -> None:
    """One more grid inside, blank."""
    if node.plan and node.plan.entries and len(node.entries) < MAX_ENTRIES:
        inner = Node(f"{node.prefix}.e.{len(node.entries)}.g", node.plan.entries.allowed)
        node.entries.append(Entry("", inner))


def drop_entry(node: Node, number: int) -> None:
    """Without one of the grids inside; the addresses of the next ones move."""
    if 0 <= number < len(node.entries):
        del node.entries[number]
        for place, entry in enumerate(node.entries):
            _move(entry.node, f"{node.prefix}.e.{place}.g")


def _move(node: Node, prefix: str) -> None:
    before = node.prefix
    for inner in node.walk():
        inner.prefix = prefix + inner.prefix[len(before) :]


def node_of(definition: Mapping[str, Any], prefix: str, allowed=ANY, required: bool = True) -> Node:
    """A saved grid as somebody would have typed it, complete or not."""
    pattern = str(definition.get("pattern", ""))
    plan = PATTERNS.get(pattern)
    node = Node(prefix, allowed, required, pattern)
    if plan is None:
        node.kept = deepcopy(dict(definition)) or None
        return node
    for ask in plan.asks:
        value = definition.get(ask.name, ask.default or None)
        node.typed[ask.name] = _shown(ask, value)
    if plan.rows:
        for row in _list(definition.get(plan.rows.name))[:MAX_ROWS]:
            node.rows.append(
                {ask.name: _shown(ask, row.get(ask.name, _absent(ask))) for ask in plan.rows.asks}
            )
    for child in plan.children:
        inner = definition.get(child.name) or {}
        node.children[child.name] = node_of(inner, f"{prefix}.c.{child.name}", child.allowed, child.required)
    if plan.entries:
        found = definition.get(plan.entries.name) or {}
        pairs = (
            found.items()
            if isinstance(found, Mapping)
            else [(part.get("name", ""), part.get("grid", {})) for part in _list(found)]
        )
        for number, (key, inner) in enumerate(pairs):
            address = f"{prefix}.e.{number}.g"
            node.entries.append(Entry(key, node_of(inner, address, plan.entries.allowed)))
        if not node.entries:
            add_entry(node)
    return node


def _list(value: Any) -> list[dict]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _absent(ask: Ask) -> Any:
    return True if ask.kind in ("bound_low", "bound_high") else ""


def _shown(ask: Ask, value: Any) -> str:
    if ask.kind == "stratum_amount" and value is None:
        return NO_PRICE
    if value is None or value == "":
        return ""
    if ask.kind in ("bound_low", "bound_high"):
        return "oui" if value else "non"
    if ask.kind == "count" and isinstance(value, int):
        return format_number(value) if value or ask.name != "included" else ""
    if ask.kind in ("amount", "stratum_amount"):
        try:
            return format_number(Decimal(str(value)))
        except InvalidOperation:
            return str(value)
    return str(value)


def node_of_post(post: Mapping[str, str], prefix: str, kept: Node | None, allowed=ANY, required=True) -> Node:
    """What was sent. `kept` is the saved tree: where a pattern has no form, its definition comes from it."""
    pattern = _typed(post, f"{prefix}.pattern")
    node = Node(prefix, allowed, required, pattern if pattern in allowed else "")
    plan = node.plan
    if plan is None:
        saved = kept.at(prefix) if kept else None
        if saved and saved.kept and _typed(post, f"{prefix}.kept"):
            node.pattern, node.kept = saved.pattern, saved.kept
        return node
    for ask in plan.asks:
        node.typed[ask.name] = _typed(post, f"{prefix}.f.{ask.name}")
    if plan.rows:
        for number in range(MAX_ROWS + SPARE_ROWS):
            names = {ask.name: f"{prefix}.r.{number}.{ask.name}" for ask in plan.rows.asks}
            if not any(name in post for name in names.values()):
                break
            node.rows.append({ask: _typed(post, name) for ask, name in names.items()})
        while node.rows and is_blank(node.rows[-1]):
            node.rows.pop()
    for child in plan.children:
        node.children[child.name] = node_of_post(
            post, f"{prefix}.c.{child.name}", kept, child.allowed, child.required
        )
    if plan.entries:
        for number in range(MAX_ENTRIES):
            if f"{prefix}.e.{number}.key" not in post:
                break
            inner = node_of_post(post, f"{prefix}.e.{number}.g", kept, plan.entries.allowed)
            node.entries.append(Entry(_typed(post, f"{prefix}.e.{number}.key"), inner))
    return node


def _typed(post: Mapping[str, str], name: str) -> str:
    """PostgreSQL knows no NUL character."""
    return post.get(name, "").replace("\0", "").strip()[:MAX_TYPED]


def is_blank(row: Mapping[str, str]) -> bool:
    """Nothing typed: the words of its bounds alone say nothing."""
    return not any(text for name, text in row.items() if not name.endswith("_inclusive"))

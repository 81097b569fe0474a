"""The editor's form: what surrounds the grid (a Django form), and the grid drawn from its typed tree."""

from django import forms

from catalog.models import VatCategory
from catalog.pricing import TypedWrong, format_number, read_amount_text
from marketplace.web.fields import TYPED_DATE
from marketplace.web.operator.grids.nodes import (
    HIGH_WORDS,
    LOW_WORDS,
    MAX_ROWS,
    SPARE_ROWS,
    Node,
)
from marketplace.web.operator.grids.patterns import MEMBER_TYPES, PATTERNS, Ask
from marketplace.web.operator.grids.rhythms import RHYTHM_FIELDS, RhythmFields, written_rhythm
from marketplace.web.operator.grids.usages import USAGE_FIELDS, UsageFields, typed_usage
from marketplace.web.operator.grids.words import parsed, sections

NOT_A_DAY = "Cette date n’existe pas. Écrivez-la ainsi : 01/01/2027."


class TermsForm(RhythmFields, UsageFields):
    """First day, VAT, rhythm, free trial, note. What they must be is checked by catalog.grids.terms."""

    effective_from = forms.DateField(
        label="S’applique à partir du",
        widget=TYPED_DATE,
        error_messages={"required": "Indiquez le premier jour.", "invalid": NOT_A_DAY},
    )
    vat_category = forms.ChoiceField(
        label="Régime de TVA",
        choices=[(VatCategory.STANDARD, "Soumis à la TVA"), *VatCategory.choices[1:]],
        help_text="Proposé d’après la position de TVA de vos réglages.",
    )
    vat_rate = forms.CharField(
        label="Taux de TVA, en %",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text="Par exemple 20 ou 5,5.",
    )
    vat_reason = forms.CharField(
        label="Pourquoi il n’y a pas de TVA",
        required=False,
        help_text="Ce motif figure sur les factures. Rien à écrire si le prix est soumis à la TVA.",
    )
    trial_days = forms.IntegerField(
        label="Essai gratuit, en jours",
        required=False,
        help_text="Par exemple 30. Rien à écrire s’il n’y a pas d’essai gratuit.",
        error_messages={"invalid": "Écrivez un nombre entier de jours, par exemple 30."},
    )
    note = forms.CharField(
        label="Note pour votre équipe",
        required=False,
        help_text="Par exemple la délibération qui fixe ce tarif.",
    )

    def __init__(self, *args, option: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        if option:
            del self.fields["trial_days"]  # a service is tried, not an option of it
            self.without_rhythm()
            self.without_usage()

    @classmethod
    def of(cls, grid) -> "TermsForm":
        own = [name for name in cls.base_fields if name not in {*RHYTHM_FIELDS, *USAGE_FIELDS}]
        initial = {name: getattr(grid, name) for name in own}
        initial |= written_rhythm(grid.definition) | typed_usage(grid.definition)
        initial |= {"vat_rate": format_number(grid.vat_rate) if grid.vat_rate else ""}
        return cls(option=grid.option, initial=initial)

    def clean_vat_rate(self):
        text = self.cleaned_data["vat_rate"].replace("%", "").strip()
        try:
            return read_amount_text(text) if text else "0"
        except TypedWrong:
            raise forms.ValidationError("Écrivez un taux, par exemple 20 ou 5,5.") from None


def drawn(node: Node, *, colleges: list[str], legend: str) -> dict:
    """For operator/grids/_node.html: a grid, and those inside."""
    plan, address = node.plan, node.prefix
    found = {
        "prefix": address,
        "id": _id(address),
        "legend": legend,
        "pattern": node.pattern,
        "pattern_label": plan.label if plan else "",
        "what": plan.what if plan else "",
        "choices": _choices(node),
        "may_choose": not node.kept,
        "errors": node.errors.get("", []),
        "fields": [],
        "rows": None,
        "children": [],
        "entries": [],
        "add": None,
        "kept": [row for one in sections(parsed(node.kept)) for row in one["rows"]] if node.kept else [],
        "is_kept": bool(node.kept),
    }
    if plan is None:
        return found
    found["fields"] = [
        _field(ask, f"{address}.f.{ask.name}", node.typed.get(ask.name, ""), node.errors.get(ask.name, []))
        for ask in plan.asks
    ]
    if plan.rows:
        found["rows"] = _rows(node)
    found["children"] = [
        drawn(node.children[child.name], colleges=colleges, legend=child.label) for child in plan.children
    ]
    if plan.entries:
        found["add"] = {"label": plan.entries.add_label, "value": f"ajouter:{address}"}
        found["entries"] = [
            {
                "id": _id(f"{address}.e.{number}.key"),
                "name": f"{address}.e.{number}.key",
                "key": entry.key,
                "key_label": plan.entries.key_label,
                "choices": _keys(plan.entries.choices, entry.key, colleges),
                "errors": node.errors.get(f"e{number}", []),
                "drop": f"retirer:{address}.e.{number}",
                "node": drawn(
                    entry.node, colleges=colleges, legend=f"{plan.entries.key_label} {number + 1} : le barème"
                ),
            }
            for number, entry in enumerate(node.entries)
        ]
    return found


def mistakes(node: Node, where: str = "") -> list[dict]:
    """What to correct, in the order of the form, each with the address of its field: {id, text}."""
    plan, found = node.plan, []
    first = _id(f"{node.prefix}.pattern")
    start = f"{where}, " if where else ""
    found += [{"id": first, "text": f"{start}{text}" if where else text} for text in node.errors.get("", [])]
    if plan is None:
        return found
    labels = {ask.name: ask.label for ask in plan.asks}
    for ask in plan.asks:
        for text in node.errors.get(ask.name, []):
            found.append(
                {
                    "id": _id(f"{node.prefix}.f.{ask.name}"),
                    "text": f"{start}{labels[ask.name]} : {text}",
                }
            )
    if plan.rows:
        names = {ask.name: ask.label for ask in plan.rows.asks}
        for number in range(len(node.rows)):
            line = f"{start}{plan.rows.noun} {number + 1}"
            line = line[:1].upper() + line[1:]
            first_cell = _id(f"{node.prefix}.r.{number}.{plan.rows.asks[0].name}")
            found += [
                {"id": first_cell, "text": f"{line} : {text}"} for text in node.errors.get(str(number), [])
            ]
            for name, label in names.items():
                found += [
                    {"id": _id(f"{node.prefix}.r.{number}.{name}"), "text": f"{line}, {label} : {text}"}
                    for text in node.errors.get(f"{number}.{name}", [])
                ]
    for child in plan.children:
        found += mistakes(node.children[child.name], f"{start}{child.label}")
    for number, entry in enumerate(node.entries):
        name = entry.key or f"{plan.entries.key_label} {number + 1}"
        found += [
            {"id": _id(f"{node.prefix}.e.{number}.key"), "text": f"{start}{plan.entries.key_label} : {text}"}
            for text in node.errors.get(f"e{number}", [])
        ]
        found += mistakes(entry.node, f"{start}{name}")
    return found


def _rows(node: Node) -> dict:
    plan = node.plan.rows
    lines = [*node.rows, *({} for _ in range(SPARE_ROWS))][: MAX_ROWS + SPARE_ROWS]
    return {
        "id": _id(f"{node.prefix}.lignes"),
        "legend": plan.legend,
        "hint": plan.hint,
        "noun": plan.noun,
        "columns": [ask.label for ask in plan.asks],
        "more": f"lignes:{node.prefix}",
        "lines": [
            {
                "number": number + 1,
                "errors": node.errors.get(str(number), []),
                "cells": [
                    _field(
                        ask,
                        f"{node.prefix}.r.{number}.{ask.name}",
                        row.get(ask.name, ""),
                        node.errors.get(f"{number}.{ask.name}", []),
                        label=f"{plan.noun.capitalize()} {number + 1}, {ask.label}",
                    )
                    for ask in plan.asks
                ],
            }
            for number, row in enumerate(lines)
        ],
    }


def _field(ask: Ask, name: str, value: str, errors: list[str], label: str = "") -> dict:
    choices = list(ask.choices)
    if ask.kind in ("bound_low", "bound_high"):
        words = LOW_WORDS if ask.kind == "bound_low" else HIGH_WORDS
        choices = [("oui" if included else "non", word) for included, word in words]
    return {
        "id": _id(name),
        "name": name,
        "label": label or ask.label,
        "short_label": ask.label,
        "hint": ask.hint,
        "value": value,
        "errors": errors,
        "optional": not ask.required,
        "numeric": ask.kind in ("amount", "count", "stratum_amount"),
        "choices": [{"value": code, "label": text, "selected": code == value} for code, text in choices],
    }


def _choices(node: Node) -> list[dict]:
    blank = (
        [] if node.required and node.pattern else [("", "Choisir un modèle" if node.required else "Aucun")]
    )
    named = [(code, PATTERNS[code].label) for code in node.allowed]
    return [
        {"value": code, "label": label, "selected": code == node.pattern} for code, label in (*blank, *named)
    ]


def _keys(kind: str, key: str, colleges: list[str]) -> list[dict]:
    """For a key that is chosen; one that is no longer offered stays. None for a free text."""
    offered = {"member_types": list(MEMBER_TYPES), "colleges": [(name, name) for name in colleges]}.get(kind)
    if offered is None:
        return []
    if key and key not in dict(offered):
        offered.append((key, key))
    return [
        {"value": code, "label": label, "selected": code == key}
        for code, label in [("", "Choisir"), *offered]
    ]


def _id(name: str) -> str:
    return name.replace(".", "-")

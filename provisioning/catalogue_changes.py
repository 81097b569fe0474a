"""What of a plan is new in its vendor's catalogue, in French. Pure."""

from collections.abc import Iterator

IT_IS_THERE = "Le catalogue propose bien cette formule."
_SWITCHES = {
    "bindable": (
        "La formule donne désormais des identifiants d’accès.",
        "La formule ne donne plus d’identifiants d’accès.",
    ),
    "binding_rotatable": (
        "Des identifiants peuvent désormais être remplacés par d’autres.",
        "Des identifiants ne peuvent plus être remplacés par d’autres.",
    ),
    "instances_retrievable": (
        "Un service ouvert peut désormais être relu.",
        "Un service ouvert ne peut plus être relu.",
    ),
    "bindings_retrievable": (
        "Des identifiants donnés peuvent désormais être relus.",
        "Des identifiants donnés ne peuvent plus être relus.",
    ),
}


def changes_between(before: dict, after: dict, *, was: str, mismatch: str) -> Iterator[str]:
    """A sentence for each difference between what was offered and what is (connectors.osb.catalogue.Offered,
    {} while nobody had read it), `was` and `mismatch` saying why either did not fit."""
    if mismatch:
        if mismatch != was:
            yield mismatch
        return
    if was:
        yield "Le catalogue propose de nouveau cette formule comme elle est raccordée."
    elif not before:
        yield IT_IS_THERE
        return
    for name, (now_it_does, no_more) in _SWITCHES.items():
        if bool(before.get(name)) != bool(after.get(name)):
            yield now_it_does if after.get(name) else no_more
    if before.get("polling_seconds") != after.get("polling_seconds"):
        yield "La durée annoncée d’une opération a changé."
    if before.get("maintenance_version", "") != after.get("maintenance_version", ""):
        version = after.get("maintenance_version")
        yield (
            f"La formule est désormais en version {version}."
            if version
            else ("La formule n’a plus de version.")
        )

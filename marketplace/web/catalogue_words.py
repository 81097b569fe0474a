"""What a broker's catalogue says of the plan that a service uses, and what came of its last reading."""

from marketplace.web.formats import moment
from marketplace.web.operator.lists import counted
from provisioning.catalogue_changes import IT_IS_THERE
from provisioning.models import BrokerCatalogue, CatalogueReading, Endpoint


def catalogue_words(
    endpoint: Endpoint, kept: BrokerCatalogue | None, reading: CatalogueReading | None
) -> dict:
    """For vendor/_catalogue.html: `facts` of the plan; `under_way`, or how the last reading ended: `title`
    and `alert` of a `level`, `changes` one by one."""
    under_way = reading is not None and reading.finished_at is None
    ended = {} if under_way else _ended(kept, reading)
    return {
        "facts": _facts(endpoint, kept) if kept and kept.read_at else [],
        "under_way": under_way,
        "level": "",
        "title": "",
        "alert": "",
        "changes": [],
        **ended,
        "announced": ended.get("title", ""),
    }


def _facts(endpoint: Endpoint, kept: BrokerCatalogue) -> list[dict]:
    facts = [{"label": "Lu pour la dernière fois", "value": moment(kept.read_at)}]
    if not (offered := endpoint.offered):
        return facts
    lasts = endpoint.longest_polling
    minutes = counted(round(lasts.total_seconds() / 60), "minute") if lasts else ""
    facts += [
        {
            "label": "Identifiants d’accès",
            "value": "donnés par la formule" if offered["bindable"] else "aucun",
        },
        {
            "label": "Lecture d’un service ouvert",
            "value": "possible" if offered["instances_retrievable"] else "impossible",
        },
        {
            "label": "Durée d’une opération",
            "value": f"{minutes} au plus" if lasts else "non annoncée",
            "note": "" if lasts else "Halle attend un jour",
        },
    ]
    if version := offered["maintenance_version"]:
        facts.append({"label": "Version de la formule", "value": version})
    return facts


def _ended(kept: BrokerCatalogue | None, reading: CatalogueReading | None) -> dict:
    """The last reading that somebody asked for; what the nights have found since goes before it."""
    if reading and kept and kept.read_at and kept.read_at > reading.finished_at:
        reading = None
    when = f"Relu le {moment(reading.finished_at)}" if reading else ""
    if reading and reading.problem:
        return {"level": "danger", "title": f"{when} : sans succès", "alert": reading.problem}
    if kept and kept.problem:
        return {"level": "warning", "title": "La dernière lecture a échoué", "alert": kept.problem}
    if reading is None:
        return {}
    match reading.changes:
        case []:
            unchanged = "Rien n’a changé pour cette formule."
            return {"level": "success", "title": f"{when} : inchangé", "alert": unchanged}
        case [str(change)]:
            level = "success" if change == IT_IS_THERE else "warning"
            return {"level": level, "title": f"{when} : du nouveau", "alert": change}
        case changes:
            said = {"level": "warning", "title": f"{when} : du nouveau", "alert": "Ce qui a changé :"}
            return said | {"changes": changes}

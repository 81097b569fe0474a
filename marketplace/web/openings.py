"""How a vendor has opened services, in words."""

from marketplace.web.formats import day
from provisioning.models import TrackRecord


def opening_record(record: TrackRecord | None) -> list[str]:
    """A sentence each, for whoever chooses a service; nothing while too little is known."""
    if record is None:
        return []
    said = [
        f"Cet éditeur a ouvert {record.opened} services du {day(record.since)} au {day(record.last_day)}, "
        f"la moitié en moins {_of_duration(record.median_minutes)}.",
        _by_itself(record),
    ]
    if record.doubts:
        times = f"{record.doubts} réponses" if record.doubts > 1 else "Une réponse"
        verb = "ont laissé" if record.doubts > 1 else "a laissé"
        said.append(f"{times} de son système {verb} un doute, levé avant de continuer.")
    return said


def _of_duration(minutes: int) -> str:
    """ "de 5 minutes", "d’une heure": rounded up, for it is said that half took less."""
    if minutes < 60:
        return "d’une minute" if minutes < 1 else f"de {minutes + 1} minutes"
    if minutes < 48 * 60:
        return f"de {minutes // 60 + 1} heures"
    return f"de {minutes // (24 * 60) + 1} jours"


def _by_itself(record: TrackRecord) -> str:
    if record.unaided == 0:
        return "Une personne a ouvert chacun à la main."
    if record.unaided == record.opened:
        return "Aucun n’a demandé qu’une personne intervienne."
    # Rounded down: never 100 for all but one.
    return f"{record.unaided * 100 // record.opened} % se sont ouverts sans que personne ait à intervenir."

"""How a vendor has opened services, in words."""

from marketplace.web.formats import day
from provisioning.models import TrackRecord


def opening_record(record: TrackRecord | None) -> list[str]:
    """A sentence each, for whoever chooses a service; nothing while too little is known."""
    if record is None:
        return []
    often, nearly = _durations(record)
    tail = f", neuf sur dix en moins {nearly}" if nearly != often else ""
    said = [
        f"Cet éditeur a ouvert {record.opened} services du {day(record.since)} au {day(record.last_day)}, "
        f"la moitié en moins {often}{tail}.",
        _by_itself(record),
    ]
    if record.doubts:
        times = f"{record.doubts} réponses" if record.doubts > 1 else "Une réponse"
        verb = "ont laissé" if record.doubts > 1 else "a laissé"
        said.append(f"{times} de son système {verb} un doute, levé avant de continuer.")
    if record.given_up:
        words = "ouvertures ont été abandonnées" if record.given_up > 1 else "ouverture a été abandonnée"
        said.append(f"{record.given_up} {words}.")
    if record.orphans:
        words = "services étaient encore là" if record.orphans > 1 else "service était encore là"
        said.append(
            f"{record.orphans} {words} après la fin de l’abonnement : Halle en a redemandé l’effacement."
        )
    return said


def usual_time(record: TrackRecord | None) -> str:
    """How long an opening takes, for whoever waits for one; "" while too little is known."""
    if record is None:
        return ""
    often, nearly = _durations(record)
    if often == nearly:
        return f"Cet éditeur ouvre en général en moins {often}."
    return f"Cet éditeur ouvre en général en moins {often} ; 9 fois sur 10, en moins {nearly}."


def _durations(record: TrackRecord) -> tuple[str, str]:
    """Within how much half of them were open, and nine in ten."""
    longest = max(record.median_minutes, record.slow_minutes)
    return _of_duration(record.median_minutes), _of_duration(longest)


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

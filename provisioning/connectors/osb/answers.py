"""What a broker's answer means: one table, that of "Orphan Mitigation" in the specification 2.17. Pure."""

from provisioning.connectors.calling import Answer, plain_text
from provisioning.connectors.outcomes import Done, InProgress, NeedsPerson, Retry
from provisioning.models.run import Cause

MAX_ADDRESS = 500  # what Subscription.service_url holds
MAX_OPERATION = 10_000  # the specification's own bound

Outcome = Done | InProgress | NeedsPerson


def outcome_of(answer: Answer, *, verb: str, doubtful: bool = False) -> Outcome:
    """What any status but those expected means; `doubtful`: of a request that may have begun something.
    Raises Retry."""
    match answer.status:
        case 408:
            raise Retry("Le système de l’éditeur n’a pas reçu la demande à temps.", cause=Cause.TIMEOUT)
        case 429:
            raise Retry(
                "Le système de l’éditeur demande de patienter.", cause=Cause.BUSY, after=answer.retry_after
            )
        case 422 if error_of(answer) == "ConcurrencyError":
            raise Retry("L’éditeur termine d’abord une autre opération.", cause=Cause.BUSY)
        case 422 if error_of(answer) == "AsyncRequired":
            return NeedsPerson(
                f"L’éditeur n’accepte {verb} qu’en différé, et son catalogue dit le contraire : le lui dire."
            )
        case 422 if error_of(answer) == "MaintenanceInfoConflict":
            return NeedsPerson(
                "L’éditeur veut une version de sa formule que son catalogue n’annonce pas : le lui dire."
            )
        case 401 | 403:
            return NeedsPerson(
                f"L’éditeur a refusé le nom ou le mot de passe de Halle (code {answer.status}) : "
                "à revoir avec lui."
            )
        case 412:
            return NeedsPerson(
                "L’éditeur a refusé la version 2.17 d’Open Service Broker, celle de Halle (code 412) : "
                "lui demander de l’accepter."
            )
        case status if 400 <= status < 500:
            return NeedsPerson(f"L’éditeur a refusé {verb} (code {status}).")
        case status if status >= 500:
            raise Retry(
                f"Le système de l’éditeur a répondu par une erreur (code {status}).",
                cause=Cause.BROKEN,
                after=answer.retry_after,
                doubtful=doubtful,
            )
        case status:
            raise Retry(
                f"La réponse de l’éditeur n’est pas prévue (code {status}).",
                cause=Cause.UNREADABLE,
                doubtful=doubtful and 200 <= status < 300,
            )


def deletion_of(answer: Answer, *, verb: str) -> Outcome:
    """What the answer to a DELETE means; 410: gone already. Raises Retry."""
    match answer.status:
        case 200:
            object_of(answer)  # the page of a proxy deletes nothing
            return Done()
        case 410:
            return Done()
        case 202:
            return under_way(answer)
        case _:
            return outcome_of(answer, verb=verb)


def deletion_polled(answer: Answer, operation: str, *, failed: str) -> Done | InProgress:
    """How far a deletion is, by its last operation; 410: gone. What `failed` (a French sentence) is asked for
    again, until it is gone; and so is what the broker knows nothing of: some forget that deletion (404) or
    break on it (500) once it is over. Raises Retry."""
    if answer.status == 410:
        return Done()
    if answer.status in (404, 500):
        raise Retry(
            f"L’éditeur ne dit pas où en est l’opération (code {answer.status}).",
            cause=Cause.BROKEN,
            after=answer.retry_after,
            afresh=True,
        )
    match state_of(answer):
        case "in progress":
            return InProgress(operation=operation, poll_after=answer.retry_after)
        case "succeeded":
            return Done()
        case _:
            raise Retry(failed, cause=Cause.BROKEN, afresh=True)


def state_of(answer: Answer) -> str:
    """The state of the last operation. Raises Retry when the answer does not say it."""
    if answer.status != 200:
        raise Retry(
            f"L’éditeur ne dit pas où en est l’opération (code {answer.status}).",
            cause=Cause.BUSY if answer.status == 429 else Cause.BROKEN,
            after=answer.retry_after,
        )
    state = (answer.json_object() or {}).get("state")
    if state not in ("in progress", "succeeded", "failed"):
        raise Retry("La réponse de l’éditeur est illisible.", cause=Cause.UNREADABLE)
    return state


def object_of(answer: Answer, *, doubtful: bool = False) -> dict:
    """The answer as a JSON object. Raises Retry for anything else: the page of a proxy opens no service."""
    said = answer.json_object()
    if said is None:
        raise Retry("La réponse de l’éditeur est illisible.", cause=Cause.UNREADABLE, doubtful=doubtful)
    return said


def under_way(answer: Answer, *, doubtful: bool = False) -> InProgress:
    said = object_of(answer, doubtful=doubtful)
    operation = plain_text(said.get("operation"), longest=MAX_OPERATION)
    url = web_address(said.get("dashboard_url"))
    return InProgress(operation=operation, poll_after=answer.retry_after, url=url)


def error_of(answer: Answer) -> str:
    error = (answer.json_object() or {}).get("error")
    return error if isinstance(error, str) else ""


def web_address(value) -> str:
    """The vendor's address if a person can follow it safely (http or https, of a length we keep), else ""."""
    text = plain_text(value, longest=MAX_ADDRESS)
    return text if text.startswith(("https://", "http://")) else ""

"""What a vendor says of a step, in an answer or by calling back: what of it can be kept and shown."""

from provisioning.connectors.calling import plain_text

MAX_ADDRESS = 500  # what Subscription.service_url holds
MAX_MESSAGE = 300


def web_address(value) -> str:
    """The vendor's address if a person can follow it safely (http or https, of a length we keep), else ""."""
    text = plain_text(value, longest=MAX_ADDRESS)
    return text if text.startswith(("https://", "http://")) else ""


def message(value) -> str:
    """One line of what the vendor writes to a person, without control characters; "" if there is nothing."""
    text = plain_text(value, longest=10_000)
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= MAX_MESSAGE else f"{line[: MAX_MESSAGE - 1]}…"


def failure(value) -> str:
    """What the operator's staff read when the vendor says that it could not; `value` is its message."""
    said = message(value)
    return (
        f"L’éditeur dit qu’il n’a pas réussi : « {said} »" if said else "L’éditeur dit qu’il n’a pas réussi."
    )

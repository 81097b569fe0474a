"""Standard Webhooks 1.0.0: what is sent is signed, what comes back is verified. Pure.

A secret is written `whsec_` and 24 to 64 bytes in base 64. While a key is replaced there are two: what is
sent bears a signature of each, what comes back needs one of either.
"""

import base64
import binascii
import hashlib
import hmac
import string
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
SHORTEST_KEY, LONGEST_KEY = 24, 64  # bytes
TOLERANCE = 300  # seconds, both ways
MAX_ID = 200
MAX_SIGNATURES = 10
_IN_AN_ID = frozenset(string.ascii_letters + string.digits + "-_.:")


class SecretUnusable(Exception):
    """There is no secret, or it is not one. Says nothing of it."""


class SignatureRefused(Exception):
    """It is not from who it says, or not from now. `str()` is a French sentence."""


def key_of(secret: str) -> bytes:
    """The key that a secret stands for. Raises SecretUnusable."""
    text = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SecretUnusable from error
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise SecretUnusable
    return key


def signed(keys: Sequence[bytes], *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a message, with a signature of each key."""
    signatures = [_signature(key, message_id=message_id, timestamp=str(timestamp), body=body) for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }


def verified_id(keys: Sequence[bytes], *, headers: Mapping[str, str], body: bytes, timestamp: int) -> str:
    """The identifier of a message that one of these keys signed, within TOLERANCE of `timestamp` (seconds
    since 1970). Header names in lower case. Raises SignatureRefused."""
    message_id = headers.get("webhook-id", "")
    sent_at = headers.get("webhook-timestamp", "")
    if not 0 < len(message_id) <= MAX_ID or not set(message_id) <= _IN_AN_ID:
        raise SignatureRefused(
            f"L’en-tête webhook-id doit compter de 1 à {MAX_ID} lettres non accentuées, chiffres, tirets, "
            "points ou deux-points."
        )
    if not (sent_at.isascii() and sent_at.isdigit() and len(sent_at) <= 12):
        raise SignatureRefused("L’en-tête webhook-timestamp doit être un nombre de secondes depuis 1970.")
    if abs(int(sent_at) - timestamp) > TOLERANCE:
        raise SignatureRefused(
            "L’heure de webhook-timestamp s’écarte de plus de cinq minutes de la nôtre : réglez l’horloge, "
            "ou signez de nouveau au moment d’envoyer."
        )
    given = headers.get("webhook-signature", "").split(" ")[:MAX_SIGNATURES]
    expected = [f"v1,{_signature(key, message_id=message_id, timestamp=sent_at, body=body)}" for key in keys]
    # Every pair is compared, each in constant time.
    matches = [
        hmac.compare_digest(one.encode(errors="replace"), other.encode())
        for one in given
        for other in expected
    ]
    if not any(matches):
        raise SignatureRefused("Aucune signature de webhook-signature n’est la bonne.")
    return message_id


def _signature(key: bytes, *, message_id: str, timestamp: str, body: bytes) -> str:
    content = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()

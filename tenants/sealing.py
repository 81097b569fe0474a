"""Secrets at rest: sealed with the first of the keys in force, opened with any of them. Pure.

To change keys, put a new one first in SECRET_KEYS_AT_REST, restart, run `manage.py rotate_secrets`, then take
the old one away. Fernet: AES-128-CBC and HMAC-SHA256 (https://github.com/fernet/spec).
"""

import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

MAX_SECRET_CHARACTERS = 64 * 1024


class Unsealable(Exception):
    """None of the keys opens it, or it is another row's. `str()` holds no secret."""


def seal(secret: dict, *, owner: str) -> str:
    """`secret` in a form that only a holder of the keys reads; `owner` names the row that keeps it."""
    return _keys().encrypt(json.dumps({"owner": owner, "secret": secret}).encode()).decode()


def unseal(sealed: str, *, owner: str) -> dict:
    """What was sealed for that row. Raises Unsealable."""
    try:
        said = json.loads(_keys().decrypt(sealed.encode()))
    except InvalidToken:
        raise Unsealable("No key in force opens it.") from None
    if said["owner"] != owner:
        raise Unsealable("It was sealed for another row.")
    return said["secret"]


def sealed_anew(sealed: str) -> str | None:
    """The same with the first key; None when it is so already. Raises Unsealable."""
    try:
        Fernet(settings.SECRET_KEYS_AT_REST[0]).decrypt(sealed.encode())
    except InvalidToken:
        try:
            return _keys().rotate(sealed.encode()).decode()
        except InvalidToken:
            raise Unsealable("No key in force opens it.") from None
    return None


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.SECRET_KEYS_AT_REST])

"""The stored file of an invoice, read again and held against the hash that was kept when it was made."""

import hashlib
import logging

from django.core.files.storage import default_storage

logger = logging.getLogger(__name__)


class FileUnsound(Exception):
    """What is in the storage cannot be handed over. `str()` says why, in French."""


class FileAbsent(FileUnsound):
    """Nothing can be read where the file was kept."""

    def __init__(self):
        super().__init__("Le fichier est introuvable dans le stockage.")


class FileChanged(FileUnsound):
    """What is read is not what was made."""

    def __init__(self):
        super().__init__("Le fichier conservé ne correspond plus à son empreinte.")


def read_sound(*, path: str, sha256: str) -> bytes:
    """The whole content of a file kept at `path`, which is what was made. Raises FileAbsent, FileChanged;
    somebody who looks after the platform must know of both, so they are logged."""
    try:
        with default_storage.open(path) as stored:
            content = stored.read()
    except OSError as error:
        logger.exception("%s cannot be read in the storage", path)
        raise FileAbsent from error
    if hashlib.sha256(content).hexdigest() != sha256:
        logger.error("%s is not the file that was made: its hash differs", path)
        raise FileChanged
    return content

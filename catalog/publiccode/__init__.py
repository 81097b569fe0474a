"""publiccode.yml: how free software for the public sector describes itself (versions 0.2 to 0.7). Pure."""

from .errors import PublicCodeInvalid
from .model import Contractor, PublicCode
from .reader import read_publiccode
from .sheet import SheetFields

__all__ = ["Contractor", "PublicCode", "PublicCodeInvalid", "SheetFields", "read_publiccode"]

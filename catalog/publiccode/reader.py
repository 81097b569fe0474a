"""Read a publiccode.yml, from the text to the checked model."""

from pydantic import ValidationError

from .errors import PublicCodeInvalid
from .messages import in_french
from .model import PublicCode
from .tree import read_tree


def read_publiccode(text: str | bytes) -> PublicCode:
    """What the file says, checked against the standard (versions 0.2 to 0.7).

    Raises PublicCodeInvalid whose ``errors`` say in French everything to mend, with the place and the line.
    Never anything else, whatever the text: it comes from strangers.
    """
    tree = read_tree(text)
    if not isinstance(tree.root, dict):
        raise PublicCodeInvalid(
            ["Le fichier doit commencer par des champs nommés, comme «\u00a0name\u00a0»."]
        )
    try:
        return PublicCode.model_validate(tree.root)
    except ValidationError as error:
        raise PublicCodeInvalid(in_french(error.errors(include_url=False), tree.lines)) from error

"""Why a publiccode.yml cannot be used."""

from collections.abc import Sequence


class PublicCodeInvalid(Exception):
    """The file cannot be used as it is; ``errors`` lists, in French, everything to mend and where."""

    code = "publiccode_invalid"

    def __init__(self, errors: Sequence[str]):
        self.errors = list(errors)
        super().__init__(" ".join(self.errors))

"""A verb that cannot be done, in words for the person who asked."""


class Refused(Exception):
    """`str()` is a French sentence for the person; `field` names what to mend, "" for no field."""

    field = ""

    def __init__(self, message: str, field: str = ""):
        self.field = field or self.field
        super().__init__(message)

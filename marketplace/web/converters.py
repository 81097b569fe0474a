"""Identifiers in addresses."""

from django.urls import register_converter


class SirenConverter:
    """Nine digits. Whether it is anybody's is the view's question."""

    regex = "[0-9]{9}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(SirenConverter, "siren")

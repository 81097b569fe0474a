"""An undefined variable in one of our templates is an error, not an empty string.

Templates of libraries (administrations, Wagtail) rely on the empty string and keep it. So does a variable
that says what to show instead: `{{ name|default:"…" }}`.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAYS_WHAT_INSTEAD = {"default", "default_if_none"}


class UndefinedVariable(Exception):
    """The template named a variable that its context does not hold."""


class Refusing(str):
    """Django's `string_if_invalid`: it is formatted (`%`) when a variable was not found.

    Made with `Refusing("%s")`: Django looks for that sign, and checks that it is a string.
    """

    __slots__ = ()

    def __mod__(self, variable):
        caller = sys._getframe(1).f_locals
        expression, context = caller["self"], caller["context"]
        engine = context.template.engine
        template = context.render_context.template
        if is_ours(template) and not _says_what_instead(expression):
            raise UndefinedVariable(f"{variable} in {template.origin.name}")
        engine.string_if_invalid = ""
        try:
            return expression.resolve(context)
        finally:
            engine.string_if_invalid = self


def is_ours(template) -> bool:
    """Whether a template belongs to this project, and not to a library. One made of a string does."""
    path = Path(template.origin.name)
    if not path.is_absolute():
        return True
    return path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / ".venv")


def _says_what_instead(expression) -> bool:
    return any(function.__name__ in SAYS_WHAT_INSTEAD for function, _ in expression.filters)

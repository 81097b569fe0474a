"""A YAML document written by a stranger, read into plain dicts, lists and texts. Nothing in it is executed.

Read event by event, so a hostile document is refused before it grows: no alias (a few of them make "billions
of laughs"), no tag, no second document, bounded depth and number of values. Every scalar stays a text: YAML
1.1 would read the country ``NO`` as false, a version ``0.10`` as a number and ``12:30:00`` as 45000.
"""

from dataclasses import dataclass, field
from typing import Any

import yaml

from .errors import PublicCodeInvalid

MAX_BYTES = 256 * 1024
MAX_DEPTH = 12
MAX_VALUES = 5_000

Path = tuple[str | int, ...]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml when PyYAML was built with it
_NULLS = {"", "~", "null", "Null", "NULL"}
_TEXT_TAGS = {None, "!", "tag:yaml.org,2002:str"}


@dataclass
class Tree:
    """``root`` holds dicts, lists, texts and None; ``lines`` says where each value starts (from 1)."""

    root: Any
    lines: dict[Path, int] = field(default_factory=dict)


def read_tree(text: str | bytes) -> Tree:
    """Raises PublicCodeInvalid, whose one sentence names the line, unless the whole document is plain."""
    content = _decoded(text)
    try:
        return _Builder().build(yaml.parse(content, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"Ligne {mark.line + 1}\u202f: l" if mark else "L"
        raise PublicCodeInvalid(
            [f"{where}e fichier n’est pas du YAML bien formé, vérifiez les retraits et les guillemets."]
        ) from error
    except yaml.YAMLError as error:
        raise PublicCodeInvalid(["Le fichier contient un caractère interdit dans un texte YAML."]) from error


def _decoded(text: str | bytes) -> str:
    try:
        content = text.encode() if isinstance(text, str) else text
        if len(content) > MAX_BYTES:
            raise PublicCodeInvalid([f"Le fichier dépasse {MAX_BYTES // 1024}\u00a0Ko, allégez-le."])
        return content.decode("utf-8-sig")
    except UnicodeError as error:
        raise PublicCodeInvalid(["Le fichier n’est pas encodé en UTF-8, enregistrez-le en UTF-8."]) from error


class _Builder:
    def __init__(self):
        self.tree = Tree(root=None)
        self.values = 0
        # What is open, outermost first: the container, the path that leads to it, the key awaiting its value.
        self.open: list[tuple[dict | list, Path, str | None]] = []

    def build(self, events) -> Tree:
        documents = 0
        for event in events:
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        self._refuse(event, "un second document commence, gardez-en un seul.")
                case yaml.AliasEvent():
                    self._refuse(event, "les renvois YAML (*) ne sont pas acceptés, recopiez la valeur.")
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.MappingStartEvent():
                    self._enter(event, {})
                case yaml.SequenceStartEvent():
                    self._enter(event, [])
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self.open.pop()
        if not documents or self.tree.root is None:
            raise PublicCodeInvalid(["Le fichier est vide."])
        return self.tree

    def _enter(self, event, container: dict | list) -> None:
        if event.tag not in (None, "!"):
            self._refuse(event, "les étiquettes YAML (!) ne sont pas acceptées, retirez-la.")
        if self._awaits_key():
            self._refuse(event, "un nom de champ doit être un simple texte.")
        if len(self.open) >= MAX_DEPTH:
            self._refuse(event, f"plus de {MAX_DEPTH} niveaux imbriqués.")
        path = self._put(event, container)
        self.open.append((container, path, None))

    def _scalar(self, event) -> None:
        if event.tag not in _TEXT_TAGS:
            self._refuse(event, "les étiquettes YAML (!) ne sont pas acceptées, retirez-la.")
        if self._awaits_key():
            container, path, _ = self.open[-1]
            if event.value in container:
                self._refuse(event, f"le champ «\u00a0{event.value[:60]}\u00a0» est écrit deux fois.")
            self.open[-1] = (container, path, event.value)
        else:
            plain_null = event.implicit[0] and event.value in _NULLS
            self._put(event, None if plain_null else event.value)

    def _awaits_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1][0], dict) and self.open[-1][2] is None

    def _put(self, event, value) -> Path:
        self.values += 1
        if self.values > MAX_VALUES:
            self._refuse(event, "trop de valeurs dans un seul fichier.")
        path: Path = ()
        if not self.open:
            self.tree.root = value
        else:
            container, above, key = self.open[-1]
            if isinstance(container, dict):
                container[key] = value
                path = (*above, key)
                self.open[-1] = (container, above, None)
            else:
                container.append(value)
                path = (*above, len(container) - 1)
        self.tree.lines[path] = event.start_mark.line + 1
        return path

    def _refuse(self, event, reason: str):
        raise PublicCodeInvalid([f"Ligne {event.start_mark.line + 1}\u202f: {reason}"])

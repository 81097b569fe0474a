"""Markdown and HTML written by a stranger, turned into plain text: paragraphs and list items stay apart."""

import re
from html.parser import HTMLParser

_SILENT = {"script", "style", "template", "iframe", "object", "svg", "math", "noscript"}
_BREAKS = {"p", "div", "br", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "table", "pre"}

_IMAGE = re.compile(r"!\[([^\[\]]{0,500})\]\([^()\s]{0,2000}[^()]{0,500}\)")
_LINK = re.compile(r"\[([^\[\]]{0,500})\]\([^()\s]{0,2000}[^()]{0,500}\)")
_BULLET = re.compile(r"^[ \t]{0,20}[*+-][ \t]+", re.MULTILINE)
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+(.*?)[ \t]*#*$", re.MULTILINE)
_QUOTE = re.compile(r"^[ \t]{0,3}>[ \t]?", re.MULTILINE)
_RULE = re.compile(r"^[ \t]{0,3}(?:[-*_][ \t]*){3,}$", re.MULTILINE)
_FENCE = re.compile(r"^[ \t]{0,3}(?:```|~~~).*$", re.MULTILINE)
_STRONG = re.compile(r"(\*\*|__)(?=\S)([^*_\n]{1,500})(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=\S)([^*_\n]{1,500})(?<=\S)\1(?![\w*])")
_CODE = re.compile(r"`([^`\n]{1,500})`")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain_text(source: str) -> str:
    """The words of `source` and nothing else: safe in any page that escapes what it shows.

    Paragraphs are separated by one empty line; an item of a list stands on a line that begins with "– ".
    """
    text = _without_html(_CONTROL.sub("", source.replace("\r\n", "\n").replace("\r", "\n")))
    text = _FENCE.sub("", text)
    text = _RULE.sub("", text)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _HEADING.sub(r"\1", text)
    text = _QUOTE.sub("", text)
    text = _BULLET.sub("– ", text)
    text = _CODE.sub(r"\1", _EMPHASIS.sub(r"\2", _STRONG.sub(r"\2", text)))
    return _paragraphs(text)


def one_line(source: str) -> str:
    """The same, on one line."""
    return " ".join(plain_text(source).split())


def _paragraphs(text: str) -> str:
    blocks: list[str] = []
    for block in re.split(r"\n[ \t]*\n", text):
        lines: list[str] = []
        for line in (" ".join(line.split()) for line in block.splitlines()):
            if not line:
                continue
            # A line that only wraps belongs to the one above; an item of a list does not.
            if lines and not line.startswith("– "):
                lines[-1] = f"{lines[-1]} {line}"
            else:
                lines.append(line)
        if lines:
            blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _without_html(text: str) -> str:
    words = _Words()
    words.feed(text)
    words.close()
    return "".join(words.kept)


class _Words(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.kept: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag in _SILENT:
            self.silent.append(tag)
        elif tag == "li":
            self.kept.append("\n- ")
        elif tag in _BREAKS:
            self.kept.append("\n\n" if tag != "br" else "\n")

    def handle_startendtag(self, tag, attrs):
        if tag in _BREAKS:
            self.kept.append("\n")

    def handle_endtag(self, tag):
        if self.silent and tag == self.silent[-1]:
            self.silent.pop()
        elif tag in _BREAKS and tag != "li":
            self.kept.append("\n\n")

    def handle_data(self, data):
        if not self.silent:
            self.kept.append(data)

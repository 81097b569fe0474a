"""From a template and its content to a PDF: archivable (PDF/A-3a) and accessible (PDF/UA-1)."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import cache
from threading import Lock
from typing import cast

import typst

from tenants.documents.fonts import fonts

# One compiler for the process: it keeps its fonts and its parsed templates. It is not made for two threads.
_compiling = Lock()


def typeset(
    *, template: bytes, content: Mapping, dated: date, others: Mapping[str, str] | None = None
) -> bytes:
    """The PDF of a typst template. Values, never markup: the template reads `content` as JSON, and `others`
    as they are, in `sys.inputs`. The same arguments give the same bytes: the file is dated from `dated`.

    Texts must be `fonts.drawable`.
    """
    inputs = {"content": json.dumps(content, ensure_ascii=False), **(others or {})}
    with _compiling:
        pdf = _compiler().compile(
            template,
            format="pdf",
            pdf_standards=["a-3a", "ua-1"],
            sys_inputs=inputs,
            timestamp=int(datetime.combine(dated, time(), UTC).timestamp()),
        )
    return cast(bytes, pdf)  # one document in one format


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=fonts())

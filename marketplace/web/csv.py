"""A CSV file as an answer: saved, never shown in the browser."""

from django.http import HttpResponse


def csv_response(*, content: bytes, filename: str) -> HttpResponse:
    """`content` as `tenants.spreadsheets.writing` makes it; `filename` in plain letters."""
    headers = {
        "Content-Disposition": f'attachment; filename="{filename}"',
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)


def plain_euros(cents: int | None) -> str:
    """ "1234,50", for a spreadsheet; "" for None."""
    if cents is None:
        return ""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100},{abs(cents) % 100:02d}"

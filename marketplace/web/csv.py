"""A CSV file as an answer: saved, never shown in the browser."""

from django.http import HttpResponse


def csv_response(*, content: bytes, filename: str) -> HttpResponse:
    """`content` as `tenants.spreadsheets.writing` makes it; `filename` in plain letters."""
    headers = {
        "Content-Disposition": f'attachment; filename="{filename}"',
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)

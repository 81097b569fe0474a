"""What the demo's sheets say beyond their summary: contacts, options, pictures; and their versions."""

import hashlib
from datetime import date, datetime, timedelta
from io import BytesIO

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw
from wagtail.models import Revision

from catalog.models import Connector, Family, FileKind, ServiceSheet, SheetFile
from catalog.sheets import publishing
from catalog.sheets.drafts import draft_of, save_draft
from demo.seed.moments import at
from demo.seed.operators import ETABLI
from demo.seed.vendors import MAKERS
from tenants.models import Operator, Role, User

OPEN_BY_THEMSELVES = {maker.slug for maker in MAKERS[:4]}
SPDX = {
    "Logiciel libre (AGPL-3.0)": "AGPL-3.0-or-later",
    "Logiciel libre (EUPL-1.2)": "EUPL-1.2",
}
OPTIONS = {
    Family.CANTEEN: [
        {"code": "garderie", "name": "Garderie", "summary": "Pointage du matin et du soir."},
        {"code": "paiement", "name": "Paiement en ligne", "summary": "Par PayFiP, sans commission."},
    ],
    Family.EMAIL: [{"code": "archivage", "name": "Archivage légal", "summary": "Dix ans, en France."}],
    Family.GIS: [{"code": "drone", "name": "Vues aériennes", "summary": "Un survol par an."}],
}
PREREQUISITES = {
    "actes-transmis": [{"text": "Un parapheur électronique", "sheet": "paraphe-clair", "required": True}],
    "cantinelle": [
        {"text": "Une régie de recettes, si les familles paient en ligne", "sheet": "", "required": False}
    ],
}
# Rank in the family → for whom, when not for everybody.
BOUNDS = {3: {"population_min": 500}, 4: {"population_max": 3500, "body_types": ["commune"]}}
SCREENS = (
    "La page d’accueil : les tâches du jour, et à gauche la liste des dossiers.",
    "Le suivi du mois, en un tableau.",
)
SHEETS_FROM = date(2026, 1, 12)
COLOURS = ("#1f5a4c", "#7a3b1d", "#274a7a", "#5b2a5e", "#8a3324")


def describe(sheet: ServiceSheet, *, maker: str, rank: int, family_rank: int) -> None:
    """Fills what the files of services do not say. The first service of each family shows its screens."""
    domain = f"{maker}.example"
    sheet.contacts = [
        {
            "label": "Assistance",
            "email": f"aide@{domain}",
            "phone": f"04000000{10 + family_rank}",
            "hours": "Du lundi au vendredi, de 9 h à 17 h",
        }
    ]
    sheet.connector = Connector.OSB if maker in OPEN_BY_THEMSELVES else Connector.MANUAL
    sheet.licence_spdx = SPDX.get(sheet.licence, "")
    if sheet.licence_spdx:
        sheet.repository_url = f"https://code.{domain}/{sheet.slug}"
    sheet.options = OPTIONS.get(Family(sheet.family), []) if rank == 0 else []
    sheet.prerequisites = PREREQUISITES.get(sheet.slug, [])
    for name, value in BOUNDS.get(rank, {}).items():
        setattr(sheet, name, value)
    if rank == 0:
        sheet.screenshots = [
            {"file": str(_screen(sheet, family_rank, number).public_id), "alt": alt}
            for number, alt in enumerate(SCREENS)
        ]


def published(sheet: ServiceSheet) -> Revision:
    """Two versions of the sheet, the second one published."""
    on = at(SHEETS_FROM)
    summary, sheet.summary = sheet.summary, f"{sheet.name} : un service simple pour les communes."
    _dated(sheet.save_revision(), on - timedelta(days=90))
    sheet.summary = summary
    revision = _dated(sheet.save_revision(), on)
    sheet.live_revision, sheet.has_unpublished_changes = revision, False
    sheet.first_published_at = sheet.last_published_at = on
    sheet.save()
    return revision


def make_drafts(*, operators: dict[str, Operator], now: datetime) -> None:
    """After the papers: one vendor is writing a sheet, and has planned to publish another."""
    by = User.objects.filter(memberships__role=Role.VENDOR_EDITOR).order_by("pk")[0]
    writing, planned = (
        ServiceSheet.objects.select_related("vendor__organisation").get(slug=slug)
        for slug in ("repos-et-memoire", "pigeonnier")
    )
    for sheet, values in (
        (
            writing,
            {"description": f"{writing.description}\n\nNouveau : le plan se lit aussi sur une tablette."},
        ),
        (planned, {"audience": "Toutes les communes, et leurs écoles"}),
    ):
        save_draft(sheet=sheet, values=values, based_on=sheet.latest_revision_id, by=by, now=at(now.date()))
    planned.refresh_from_db()
    publishing.plan(
        sheet=planned,
        revision_id=draft_of(planned).revision.pk,
        operators=[operators[ETABLI.slug]],
        at=now + timedelta(days=30),
        note="L’offre pour les écoles commence en janvier.",
        by=by,
        now=now,
    )


def _dated(revision: Revision, when: datetime) -> Revision:
    Revision.objects.filter(pk=revision.pk).update(created_at=when)
    revision.created_at = when
    return revision


def _screen(sheet: ServiceSheet, family_rank: int, number: int) -> SheetFile:
    """An invented screen of the service, and its row."""
    content = _drawn(COLOURS[family_rank % len(COLOURS)], number)
    kept = SheetFile(
        vendor=sheet.vendor,
        kind=FileKind.IMAGE,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        width=1280,
        height=800,
        uploaded_at=at(SHEETS_FROM),
    )
    kept.file.save("file", ContentFile(content), save=False)
    kept.save()
    return kept


def _drawn(colour: str, number: int) -> bytes:
    image = Image.new("RGB", (1280, 800), "#f4f6f6")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 1280, 84), fill=colour)
    draw.rounded_rectangle((32, 24, 260, 60), 8, fill="#ffffff")
    draw.rectangle((0, 84, 280, 800), fill="#e3e8e8")
    for row in range(9):
        draw.rounded_rectangle((28, 118 + 62 * row, 252, 152 + 62 * row), 8, fill="#c3cdcd")
    for row in range(3 if number == 0 else 8):
        height, step = (170, 210) if number == 0 else (56, 78)
        top = 124 + step * row
        draw.rounded_rectangle((320, top, 1240, top + height), 12, fill="#ffffff", outline="#c3cdcd")
        draw.rounded_rectangle((350, top + 18, 700 - 30 * row, top + 38), 6, fill=colour)
        draw.rounded_rectangle((1040, top + 18, 1200, top + 38), 6, fill="#c3cdcd")
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()

"""What changed between two versions of a sheet, in words."""

import time

import pytest

from catalog.models import ServiceSheet
from catalog.revisions import TECHNICAL, Change, compared_fields, differences
from tests.factories import ServiceSheetFactory
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


def content(**fields) -> dict:
    """What Wagtail keeps of such a sheet, read again from the database."""
    sheet = ServiceSheetFactory()
    for name, value in fields.items():
        setattr(sheet, name, value)
    with as_worker():
        revision = sheet.save_revision(clean=False)
        revision.refresh_from_db()
    # Two sheets of the factory differ by their names only.
    return {**revision.content, "name": fields.get("name", "Cantine"), "slug": "x"}


def only(before, after):
    (found,) = differences(before, after)
    return found


def test_nothing_changed():
    assert differences(content(), content()) == []


def test_a_text_is_compared_word_by_word():
    found = only(
        content(description="Les familles inscrivent\n\nleurs enfants."),
        content(description="Les parents inscrivent\n\nleurs enfants en ligne."),
    )
    assert (found.field, found.label) == ("description", "Description")
    assert [(segment.change, segment.text) for segment in found.segments] == [
        (Change.SAME, "Les "),
        (Change.REMOVED, "familles"),
        (Change.ADDED, "parents"),
        (Change.SAME, " inscrivent\n\nleurs "),
        (Change.REMOVED, "enfants."),
        (Change.ADDED, "enfants en ligne."),
    ]


def test_words_that_changed_side_by_side_are_told_together():
    found = only(content(summary="Les vieux mots ici"), content(summary="De tout neufs ici"))
    assert [(segment.change, segment.text) for segment in found.segments] == [
        (Change.REMOVED, "Les vieux mots"),
        (Change.ADDED, "De tout neufs"),
        (Change.SAME, " ici"),
    ]


def test_segments_put_end_to_end_tell_both_versions():
    old, new = "Un deux trois quatre.", "Zéro un deux  trois\n quatre, cinq."
    found = only(content(summary=old), content(summary=new))
    assert "".join(s.text for s in found.segments if s.change != Change.ADDED) == old
    assert "".join(s.text for s in found.segments if s.change != Change.REMOVED) == new


def test_values_are_in_words():
    found = differences(
        content(personal_data=False, connector="osb", population_min=1200, family="gis"),
        content(population_max=3500, family="email"),
    )
    assert {(d.field, d.before, d.after) for d in found} == {
        ("family", "Cartographie et cadastre", "Messagerie et agenda"),
        ("population_min", "1\u202f200", ""),
        ("population_max", "", "3\u202f500"),
        ("personal_data", "non", "oui"),
        (
            "connector",
            "ouverture automatique (Open Service Broker)",
            "ouverture par l’opérateur ou l’éditeur",
        ),
    }


def test_a_list_is_compared_item_by_item():
    sms = {"code": "sms", "name": "Alertes SMS", "summary": "100 messages"}
    found = only(
        content(options=[sms, {"code": "old", "name": "Ancienne", "summary": ""}]),
        content(
            options=[{"code": "pay", "name": "Paiement", "summary": ""}, {**sms, "summary": "200 messages"}]
        ),
    )
    assert [(item.change, item.before, item.after) for item in found.items] == [
        (Change.CHANGED, "sms – Alertes SMS, 100 messages", "sms – Alertes SMS, 200 messages"),
        (Change.REMOVED, "old – Ancienne", ""),
        (Change.ADDED, "", "pay – Paiement"),
    ]
    assert [s.text for s in found.items[0].segments if s.change == Change.ADDED] == ["200"]


def test_a_list_of_choices():
    found = only(content(body_types=["commune"]), content(body_types=["commune", "epci"]))
    assert [item.change for item in found.items] == [Change.ADDED]
    assert found.before == "commune"


def test_only_the_order_changed():
    one, two = {"label": "Assistance", "email": "a@b.fr"}, {"label": "Formation", "email": "c@d.fr"}
    found = only(content(contacts=[one, two]), content(contacts=[two, one]))
    assert found.reordered
    assert found.items == ()


def test_two_items_of_one_name_are_two():
    same = {"label": "Assistance", "email": "a@b.fr"}
    found = only(content(contacts=[same]), content(contacts=[same, {**same, "email": "c@d.fr"}]))
    assert [(item.change, item.after) for item in found.items] == [(Change.ADDED, "Assistance, c@d.fr")]


def test_every_kind_of_list_is_told_in_words():
    found = differences(
        content(),
        content(
            contractors=[{"name": "Libre & Cie", "until": "2027-03-01", "website": "https://libre.example"}],
            screenshots=[{"file": "x", "alt": "L’accueil"}],
            documents=[{"file": "y", "title": "Guide"}],
            prerequisites=[{"sheet": "parapheur", "text": "Un parapheur"}],
        ),
    )
    assert {d.field: d.after for d in found} == {
        "contractors": "Libre & Cie (jusqu’au 1er mars 2027), https://libre.example",
        "screenshots": "«\u00a0L’accueil\u00a0»",
        "documents": "Guide",
        "prerequisites": "Un parapheur, parapheur",
    }


def test_without_a_version_before_everything_filled_in_is_new():
    found = differences(None, content(audience="Communes", options=[{"code": "a", "name": "A"}]))
    assert all(d.before == "" for d in found)
    assert {"name", "family", "summary", "description", "audience", "options"} <= {d.field for d in found}
    assert not {"hosting", "contacts", "population_min", "parameters_schema"} & {d.field for d in found}


def test_a_revision_older_than_a_field_had_its_default():
    old = content()
    del old["contacts"], old["connector"], old["website"]
    assert differences(old, content()) == []


def test_what_wagtail_keeps_is_passed_over():
    before = content()
    assert (
        differences(before, {**before, "live": False, "go_live_at": "2027-01-01T00:00:00Z", "slug": "y"})
        == []
    )
    assert {field.name for field in ServiceSheet._meta.concrete_fields} >= TECHNICAL
    assert len(compared_fields()) > 20


def test_broken_content_is_shown_as_it_is():
    before = content()
    found = only(before, {**before, "options": ["abc"], "population_min": None})
    assert [item.after for item in found.items] == ["abc"]


def test_two_huge_texts_do_not_take_the_server():
    old, new = "un mot " * 20_000, "deux mots " * 20_000
    started = time.monotonic()
    found = only(content(description=old), content(description=new))
    assert time.monotonic() - started < 2
    assert [s.change for s in found.segments] == [Change.REMOVED, Change.ADDED]

"""Values of claims: what is typed, what is kept, what is read."""

import json
from decimal import Decimal

import pytest

from catalog.claims.reading import ValueInvalid, dumped, headline, in_words, parse, stored
from catalog.claims.values import TOPICS
from catalog.models import ClaimTopic

EXAMPLES = {
    "rgpd": {
        "role": "processor",
        "dpa_signed": "oui",
        "subprocessors": [{"name": "Nuage du Pré", "country": "France", "purpose": "hébergement"}],
        "data_categories": "identité\n\ncoordonnées",
        "transfer_outside_eu": "non",
        "breach_notice_hours": "48",
        "dpo_contact": "dpo@editeur.example",
        "end_of_contract": "return",
    },
    "hosting": {
        "hosting_provider": "Nuage du Pré",
        "datacentre_country": "France",
        "secnumcloud": "qualified",
        "secnumcloud_scope": "IaaS",
        "secnumcloud_until": "2028-01-31",
    },
    "rgaa": {"status": "partial", "rate_percent": "72,5", "audit_date": "17/03/2026"},
    "rgesn": {"score_percent": "64", "hosting_pue": "1,2"},
    "environment": {"commitments": "Nos pages pèsent moins de 500 ko."},
    "licence": {"spdx_id": "eupl-1.2", "repository_url": "https://code.example/cantine"},
    "reversibility": {"export_formats": "CSV\nXML", "export_self_service": "oui"},
    "data_act": {
        "exit_notice_days": "60",
        "transition_days": "30",
        "retrieval_days": "30",
        "switching_fee": "none",
    },
    "sla": {"availability_percent": "99,9", "support_hours": "9 h – 18 h"},
    "homologation": {
        "decision_date": "2026-01-05",
        "valid_until": "2029-01-05",
        "authority_name": "Syndicat Brumelle",
    },
    "interoperability": {"api_doc_url": "https://api.example/doc", "scim": "oui", "pes_v2": "non"},
    "sign_in": {"proconnect": "oui", "franceconnect": "non"},
}
HEADLINES = {
    "rgpd": "RGPD : sous-traitant, contrat de l’article 28",
    "hosting": "Hébergement : France, SecNumCloud",
    "rgaa": "RGAA : partiellement conforme (72,5 %)",
    "rgesn": "RGESN : 64 %",
    "environment": "Environnement : engagements",
    "licence": "Licence : EUPL-1.2",
    "reversibility": "Export : CSV, XML",
    "data_act": "Sortie : préavis 60 j, transition 30 j",
    "sla": "Disponibilité : 99,9 %",
    "homologation": "Homologation : jusqu’au 5 janvier 2029",
    "interoperability": "Interopérabilité : API, SCIM",
    "sign_in": "Connexion : ProConnect",
}
each_topic = pytest.mark.parametrize("topic", ClaimTopic.values)


def test_every_topic_has_its_value_and_example():
    assert set(TOPICS) == set(EXAMPLES) == set(ClaimTopic.values)


@each_topic
def test_what_is_stored_is_json_and_reads_the_same(topic):
    value = parse(topic, EXAMPLES[topic])
    kept = json.loads(json.dumps(dumped(value)))
    assert stored(topic, kept) == value
    assert dumped(stored(topic, kept)) == kept


@each_topic
def test_headline(topic):
    text = headline(topic, parse(topic, EXAMPLES[topic]))
    assert text.replace("\u00a0", " ") == HEADLINES[topic]


@each_topic
def test_every_field_has_a_label_and_words(topic):
    words = in_words(parse(topic, EXAMPLES[topic]))
    assert len(words) >= len(EXAMPLES[topic])
    assert all(label[0].isupper() and text for label, text in words)


@each_topic
def test_nothing_typed_asks_for_what_is_needed(topic):
    needed = {name for name, field in TOPICS[topic].model_fields.items() if field.is_required()}
    blank = dict.fromkeys(TOPICS[topic].model_fields, "") | {"subprocessors": []}
    blank = {name: content for name, content in blank.items() if name in TOPICS[topic].model_fields}
    if not needed:
        return
    with pytest.raises(ValueInvalid) as caught:
        parse(topic, blank)
    assert set(caught.value.errors) >= needed
    assert all(caught.value.errors[name] == "À renseigner." for name in needed)


def test_a_value_that_is_no_longer_readable_shows_its_topic():
    assert stored("rgaa", {"status": "presque"}) is None
    assert stored("rgaa", "n’importe quoi") is None
    assert headline("rgaa", None) == "Accessibilité (RGAA)"


@pytest.mark.parametrize(
    ("topic", "field", "typed", "sentence"),
    [
        ("rgaa", "rate_percent", "101", "Écrivez un nombre de 100 au plus."),
        ("rgaa", "rate_percent", "-1", "Écrivez un nombre de 0 au moins."),
        ("rgaa", "rate_percent", "beaucoup", "Écrivez un nombre."),
        ("rgaa", "rate_percent", "NaN", "Écrivez un nombre."),
        ("rgaa", "rate_percent", "1e999999999", "Ce nombre a trop de chiffres."),
        ("rgaa", "audit_date", "31/02/2026", "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2026."),
        ("rgaa", "audit_date", "17/03/0026", "Vérifiez l’année de cette date."),
        ("rgaa", "status", "presque", "Choisissez une réponse de la liste."),
        ("rgaa", "declaration_url", "http://clair.example/", None),
        ("rgaa", "declaration_url", "javascript:alert(1)", None),
        ("rgaa", "declaration_url", "https://moi:secret@exemple.fr/", None),
        ("rgaa", "declaration_url", "https://exemple.fr/\"onclick='x", None),
        ("rgaa", "declaration_url", "https://localhost/x", None),
        ("rgaa", "declaration_url", "https://[::1]/", None),
        ("rgaa", "declaration_url", "https://exemple.fr:port/", None),
        ("rgaa", "auditor", "x" * 301, "C’est trop long : 300 caractères au plus."),
        ("rgpd", "dpo_contact", "jeanne.martin@editeur.example", None),
        ("rgpd", "breach_notice_hours", "2,5", "Écrivez un nombre entier."),
        ("rgpd", "breach_notice_hours", "9" * 5000, None),
        ("rgpd", "dpa_signed", "peut-être", "Répondez par oui ou par non."),
        ("rgpd", "data_categories", "\n".join("abcdefgh" * 5), "C’est trop : 30 au plus."),
        ("licence", "spdx_id", "Licence Maison 1.0", None),
        ("licence", "spdx_id", "(" * 5000, None),
    ],
)
def test_what_cannot_be_kept_is_refused_in_french(topic, field, typed, sentence):
    with pytest.raises(ValueInvalid) as caught:
        parse(topic, EXAMPLES[topic] | {field: typed})
    assert set(caught.value.errors) == {field}
    if sentence:
        assert caught.value.errors[field].replace("\u00a0", " ") == sentence
    assert caught.value.errors[field][0].isupper() or caught.value.errors[field].startswith("«")
    assert "valid" not in caught.value.errors[field].lower()


def test_errors_of_a_list_say_which_line():
    with pytest.raises(ValueInvalid) as caught:
        parse(
            "rgpd", EXAMPLES["rgpd"] | {"subprocessors": [{"name": "A", "country": "France"}, {"name": "B"}]}
        )
    assert caught.value.errors == {"subprocessors.1.country": "À renseigner."}


@pytest.mark.parametrize(
    "data", [None, [], "x", {"status": {"a": 1}}, {"inconnu": "x" * 100_000}, {"status": []}]
)
def test_hostile_shapes_are_refused_not_raised(data):
    with pytest.raises(ValueInvalid):
        parse("rgaa", data)


def test_what_no_reader_sees_is_taken_out():
    value = parse("environment", {"commitments": " Pages\u202e légères\x00 \ud800"})
    assert value.commitments == "Pages légères"


def test_numbers_are_read_as_typed_in_french():
    assert parse("rgaa", EXAMPLES["rgaa"]).rate_percent == Decimal("72.5")
    assert parse(
        "environment", {"commitments": "x", "footprint_grams": "1 234,5"}
    ).footprint_grams == Decimal("1234.5")

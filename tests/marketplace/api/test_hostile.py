"""Whatever is asked of the API: an answer that its own document describes, never a failure."""

import json

import jsonschema
import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.web.api.answers import remembered
from marketplace.web.api.operations import document
from tests.factories import ListingFactory, OperatorFactory, TerritoryFactory

pytestmark = pytest.mark.django_db

DOCUMENT = json.loads(json.dumps(document()))
OPERATIONS = {path: methods["get"] for path, methods in DOCUMENT["paths"].items()}
ODD = st.one_of(
    st.text(max_size=30),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(
        ["0", "1", "-1", "1e3", "٣", "true", "null", "'", "%00", "../..", "hall", "s-1", "14711", "2A004"]
    ),
)


@st.composite
def asked(draw):
    """An operation, with values for some of its parameters and for some it does not have."""
    operation = path = draw(st.sampled_from(sorted(OPERATIONS)))
    query = {}
    for parameter in OPERATIONS[operation].get("parameters", []):
        name, schema = parameter["name"], parameter["schema"]
        right = st.just(str(schema["default"])) if "default" in schema else ODD
        if parameter["in"] == "path":
            value = draw(ODD | st.sampled_from(["hall", "s-1"])).replace("/", "").strip(".") or "x"
            path = path.replace(f"{{{name}}}", value)
        elif draw(st.booleans()):
            query[name] = draw(ODD | right)
    if draw(st.booleans()):
        query[draw(st.text(min_size=1, max_size=5))] = draw(ODD)
    return operation, path, query


@pytest.fixture
def a_market():
    remembered.clear()
    TerritoryFactory(code="14711")
    ListingFactory(operator=OperatorFactory(slug="hall"), sheet__slug="s-1", price_is_public=True)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked())
def test_every_answer_is_described(a_market, asked):
    operation, path, query = asked
    answer = Client().get(path, query)
    assert answer.status_code in (200, 400, 404)
    if answer.status_code != 200:
        assert answer["Content-Type"] == "application/problem+json"
        problem = answer.json()
        schema = {"$ref": "#/components/schemas/Problem", "components": DOCUMENT["components"]}
        jsonschema.validate(problem, schema)
        assert problem["status"] == answer.status_code
    else:
        schema = OPERATIONS[operation]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(answer.json(), {**schema, "components": DOCUMENT["components"]})


def test_the_document_is_openapi():
    """Every reference leads somewhere, every operation has its own name, each error is a problem."""
    text = json.dumps(DOCUMENT)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "')[1:]}:
        assert reference.removeprefix("#/components/schemas/") in DOCUMENT["components"]["schemas"]
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(names) == len(set(names))
    for operation in OPERATIONS.values():
        for status, response in operation["responses"].items():
            kind = "application/json" if status == "200" else "application/problem+json"
            assert list(response["content"]) == [kind]
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert reverse("api:openapi") == "/api/v1/openapi.json"

import socket

import pytest
from django.template import Context, Origin, Template, engines

from tests.tools.no_network import NetworkRefused
from tests.tools.strict_templates import UndefinedVariable


def _render(text, **values):
    return Template(text).render(Context(values))


@pytest.mark.parametrize("text", ["{{ unknown }}", "{{ known.unknown }}", "{{ unknown|upper }}"])
def test_an_undefined_variable_fails(text):
    with pytest.raises(UndefinedVariable, match="unknown"):
        _render(text, known="yes")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ known }}", "yes"),
        ('{{ unknown|default:"–" }}', "–"),
        ("{% if unknown %}a{% else %}b{% endif %}", "b"),
        ("{% for x in unknown %}a{% empty %}b{% endfor %}", "b"),
    ],
)
def test_what_is_said_stays(text, expected):
    assert _render(text, known="yes") == expected


def test_a_library_s_template_keeps_the_empty_string():
    template = Template("a{{ unknown }}b")
    template.origin = Origin(name="/usr/lib/python3/site-packages/library/templates/a.html")
    assert template.render(Context()) == "ab"


def test_the_engine_stays_strict_afterwards():
    assert _render('{{ unknown|default:"–" }}') == "–"
    assert str(engines["django"].engine.string_if_invalid) == "%s"


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.org", 443)])
def test_no_other_machine_is_reached(address):
    with pytest.raises(NetworkRefused):
        socket.create_connection(address, timeout=1)

"""Slugs and domain names of operators."""

import re

import pytest
from django.urls import get_resolver
from hypothesis import given
from hypothesis import strategies as st

from tenants.operators.hostnames import RESERVED_SLUGS, BadAddress, clean_hostname, clean_slug

label = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\Z")
IN_DATABASE = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")  # operator_hostname_lower_case


@given(st.lists(label, min_size=1, max_size=4), st.from_regex(r"\A[a-z]{2,10}\Z"))
def test_a_dns_name_is_accepted_whatever_its_case(labels, top):
    name = ".".join([*labels, top])
    assert clean_hostname(f" {name.upper()}. ") == name


@given(st.text(max_size=80))
def test_whatever_is_typed_is_refused_or_safe_to_store(text):
    try:
        kept = clean_hostname(text)
    except BadAddress:
        return
    assert kept == "" or IN_DATABASE.fullmatch(kept)


@pytest.mark.parametrize(
    "typed",
    [
        "https://services.exemple.fr", "services.exemple.fr/", "services.exemple.fr:8000", "exemple",
        "127.0.0.1", "2001:db8::1", "-a.exemple.fr", "a-.exemple.fr", "a..fr", ".fr", "a_b.exemple.fr",
        "mairie.évreux.fr", "a b.fr", "a" * 64 + ".fr", ".".join(["a" * 60] * 5) + ".fr", "a.fr\0",
        "*.exemple.fr",
    ],
)  # fmt: skip
def test_what_is_no_domain_name_is_refused(typed):
    with pytest.raises(BadAddress):
        clean_hostname(typed)


def test_the_platforms_own_name_is_refused(settings):
    settings.BASE_URL = "https://Halle.exemple.fr"
    with pytest.raises(BadAddress, match="de la plateforme"):
        clean_hostname("HALLE.exemple.fr")
    assert clean_hostname("brumelle.halle.exemple.fr") == "brumelle.halle.exemple.fr"


def test_no_hostname_is_fine():
    assert clean_hostname("  ") == ""


@pytest.mark.parametrize(
    "typed", ["", "syndicat brumelle", "évreux", "-a", "a-", "a--b", "a/b", "a" * 51, "admin"]
)
def test_a_slug_that_cannot_be_an_address_is_refused(typed):
    with pytest.raises(BadAddress):
        clean_slug(typed)


@pytest.mark.parametrize("word", sorted(RESERVED_SLUGS))
def test_reserved_words_are_refused(word):
    with pytest.raises(BadAddress, match="mot réservé"):
        clean_slug(word.upper())


def test_every_first_word_of_the_platforms_addresses_is_reserved():
    first = {str(pattern.pattern).partition("/")[0] for pattern in get_resolver().url_patterns}
    public = next(pattern for pattern in get_resolver().url_patterns if str(pattern.pattern) == "")
    first |= {str(pattern.pattern).partition("/")[0] for pattern in public.url_patterns}
    # No slug begins with a dot, as what is well known does.
    assert {word for word in first if word and "<" not in word and word[0] != "."} <= RESERVED_SLUGS

"""Whoever opens the pages of an organisation in a test."""

from django.test import Client

from tests.factories import MembershipFactory


def signed_in(organisation, *roles) -> Client:
    """A browser where a new person is signed in, who has these roles in the organisation."""
    user = MembershipFactory(organisation=organisation, role=roles[0]).user
    for role in roles[1:]:
        MembershipFactory(organisation=organisation, role=role, user=user)
    client = Client()
    client.force_login(user)
    return client

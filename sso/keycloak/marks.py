"""What Halle writes on the clients, organisations and providers that it makes, to know them again."""

SUBSCRIPTION = "halle.subscription"  # on a service's client: the public id of its subscription
ORGANISATION = "halle.organisation"  # on an organisation and its provider: the organisation's public id
OF_HALLE = frozenset([SUBSCRIPTION, ORGANISATION])

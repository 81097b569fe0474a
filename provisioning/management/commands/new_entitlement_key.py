"""`manage.py new_entitlement_key`: the next value of ENTITLEMENT_KEYS, with one more key."""

import json

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = (
        "Writes on standard output what to put in ENTITLEMENT_KEYS. A key should be published for a day "
        "before it signs: --behind first, then put the second key in front by hand."
    )

    def add_arguments(self, parser):
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--alone", action="store_true", help="first installation, or a key was stolen")
        where.add_argument("--behind", action="store_true", help="published, but the old one signs still")

    def handle(self, *args, alone: bool, behind: bool, **options):
        new = jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
        old = [] if alone else json.loads(settings.ENTITLEMENT_KEYS)["keys"]
        first = old[:1] if behind else []
        keys = [*first, new, *old[len(first) :]]
        self.stdout.write(json.dumps({"keys": keys}, separators=(",", ":")))

"""What happened to a person's mandates, told inside its transaction. Connected in marketplace/wiring.py."""

from django.dispatch import Signal

roles_given = Signal()  # organisation, person, roles, now: roles that she did not hold there before
access_restored = Signal()  # organisation, person, now: what was suspended is given back
identity_attached = Signal()  # person, now: another account opens what she may do
access_ended = Signal()  # organisation, person, by, now: suspended, or some mandates of hers ended there

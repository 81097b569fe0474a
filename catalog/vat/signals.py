from django.dispatch import Signal

vat_decided = Signal()  # operator, since, now

"""Seals again, with the first key, what older keys sealed."""

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Model

from tenants.sealing import Unsealable, sealed_anew
from tenants.tenancy import every_tenant

BATCH = 500
SEALED = "sealed"  # whatever model has such a column keeps a secret in it


def sealing_models() -> list[type[Model]]:
    """The models of every room that keep a secret."""
    return [model for model in apps.get_models() if any(field.name == SEALED for field in model._meta.fields)]


class Command(BaseCommand):
    help = (
        "Seals secrets again with the first key of SECRET_KEYS_AT_REST. May be stopped and started again;"
        " once it has said that nothing is left, older keys may go."
    )

    def handle(self, *args, **options):
        """Batch by batch, each in its transaction. Raises CommandError, having done the others, when some
        open with no key."""
        again = lost = 0
        with every_tenant():
            for model in sealing_models():
                after = 0
                while batch := self._seal_batch(model, after):
                    after = batch[-1][0]
                    again += sum(done is True for _, done in batch)
                    lost += sum(done is None for _, done in batch)
        if lost:
            raise CommandError(f"{again} sealed again; {lost} open with no key in force: put their key back.")
        self.stdout.write(f"{again} sealed again; nothing is left that needs an older key.")

    @transaction.atomic
    def _seal_batch(self, model: type[Model], after: int) -> list[tuple[int, bool | None]]:
        """Each id of the next ones, and whether it was sealed again; None: no key opens it."""
        found = model._default_manager.filter(pk__gt=after).exclude(sealed="").order_by("pk")
        done: list[tuple[int, bool | None]] = []
        for row in found.select_for_update(of=("self",), no_key=True)[:BATCH]:
            try:
                anew = sealed_anew(row.sealed)
            except Unsealable:
                done.append((row.pk, None))
                continue
            if anew:
                row.sealed = anew
                row.save(update_fields=["sealed"])
            done.append((row.pk, anew is not None))
        return done

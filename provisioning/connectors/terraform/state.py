"""Where Terraform keeps what it made: an S3 bucket, one object an instance, locked while it is worked on."""

import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings

from provisioning.connectors.terraform.running import GRACE_SECONDS, Outcome, Unequipped, Workplace

BACKEND_FILE = "halle_override.tf.json"  # an override: whatever the module says of a backend, it is this one
KEY_VARIABLE, SECRET_VARIABLE = "HALLE_TERRAFORM_STATE_KEY", "HALLE_TERRAFORM_STATE_SECRET"
MAX_MINUTES = 120  # that a command may be given
LONGEST = timedelta(minutes=MAX_MINUTES, seconds=GRACE_SECONDS)
CLOCKS_APART = timedelta(minutes=10)
_LOCK_ID = re.compile(r"^\W*ID:\s+([0-9a-f-]{36})\s*$", re.MULTILINE)
_LOCK_CREATED = re.compile(r"^\W*Created:\s+(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\S* \+0000 UTC\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Lock:
    id: str
    taken_at: datetime | None

    def is_dead(self, *, now: datetime) -> bool:
        """Whether whoever took it surely runs no more: no command outlives the longest limit (`running`),
        whatever the limit of this module is today."""
        return self.taken_at is not None and now - self.taken_at > LONGEST + CLOCKS_APART


def credentials() -> dict[str, str]:
    """The environment that lets Terraform reach the states. Raises Unequipped."""
    if not settings.TERRAFORM["state_bucket"] or not os.environ.get(SECRET_VARIABLE):
        raise Unequipped("Ce serveur n’a pas où garder l’état de Terraform : prévenez la plateforme.")
    return {
        "AWS_ACCESS_KEY_ID": os.environ.get(KEY_VARIABLE, ""),
        "AWS_SECRET_ACCESS_KEY": os.environ[SECRET_VARIABLE],
    }


def prepare(place: Workplace, *, instance: str) -> Outcome:
    """Joins the state of an instance: `terraform init`. No secret is written: a kept plan repeats it all."""
    backend = {
        "bucket": settings.TERRAFORM["state_bucket"],
        "key": f"instances/{instance}.tfstate",
        "region": settings.TERRAFORM["state_region"],
        "use_lockfile": True,
    }
    if endpoint := settings.TERRAFORM["state_endpoint"]:
        backend |= {
            "endpoints": {"s3": endpoint},
            "use_path_style": True,
            "skip_credentials_validation": True,
            "skip_metadata_api_check": True,
            "skip_region_validation": True,
            "skip_requesting_account_id": True,
            "skip_s3_checksum": True,
        }
    (place.folder / BACKEND_FILE).write_text(json.dumps({"terraform": {"backend": {"s3": backend}}}))
    return place.run("init", "-no-color", "-input=false", "-reconfigure", seconds=300)


def lock_in(outcome: Outcome) -> Lock | None:
    """The lock that stopped a command, if one did."""
    if "Error acquiring the state lock" not in outcome.said or not (found := _LOCK_ID.search(outcome.said)):
        return None
    taken_at = None
    if created := _LOCK_CREATED.search(outcome.said):
        taken_at = datetime.strptime(created[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return Lock(id=found[1], taken_at=taken_at)

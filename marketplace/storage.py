"""Where files are kept when the settings name an S3 bucket: versioned, and locked for as long as they must be
kept. Without one, they are on the disk.

Whatever goes wrong on the way is an OSError, as on the disk: whoever reads a file need not know where it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.utils import timezone
from storages.backends.s3 import S3Storage

# Invoices are kept for ten years from the end of the financial year (code de commerce, article L123-22),
# which is over within a year of their issue.
LOCKED_FOR = {"invoices/": timedelta(days=11 * 366)}
# A page may be waiting: half a minute at most, whatever the storage does.
CLIENT = Config(
    signature_version="s3v4",
    s3={"addressing_style": "path"},
    connect_timeout=3,
    read_timeout=10,
    retries={"total_max_attempts": 2, "mode": "standard"},
)


class StorageProblem(OSError):
    """The object storage did not do what was asked, or did not answer."""


class NotAsWanted(Exception):
    """The bucket cannot keep what it must. `str()` says what to change."""


class Bucket(S3Storage):
    """A private bucket: nothing of it has an address. A name that is taken is never written again: the file
    gets another, as on the disk."""

    def __init__(self, **options):
        super().__init__(
            file_overwrite=False,
            querystring_auth=True,
            client_config=CLIENT,
            transfer_config=TransferConfig(use_threads=False),
            **options,
        )

    def get_object_parameters(self, name: str) -> dict:
        """What must be kept is locked until then, for everybody: its version can be neither written over nor
        deleted (S3 Object Lock, compliance mode)."""
        parameters = super().get_object_parameters(name)
        for folder, time in LOCKED_FOR.items():
            if name.startswith(folder):
                until = timezone.now() + time
                parameters |= {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
        return parameters

    def locked_until(self, name: str) -> datetime | None:
        """Until when the storage refuses to delete this file; None when it may. Raises OSError."""
        with _as_os_error(name):
            head = self.connection.meta.client.head_object(Bucket=self.bucket_name, Key=name)
        return head.get("ObjectLockRetainUntilDate")

    def prepare(self) -> None:
        """Makes the bucket where there is none, versioned and able to lock. Raises OSError, or NotAsWanted
        about one that was made otherwise."""
        client = self.connection.meta.client
        with _as_os_error(self.bucket_name):
            if self.bucket_name not in [one["Name"] for one in client.list_buckets()["Buckets"]]:
                client.create_bucket(
                    Bucket=self.bucket_name, ObjectLockEnabledForBucket=True, **self._place()
                )
            versioning = client.get_bucket_versioning(Bucket=self.bucket_name).get("Status")
            try:
                lock = client.get_object_lock_configuration(Bucket=self.bucket_name)
            except ClientError:
                lock = {}
        enabled = lock.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled")
        if (versioning, enabled) != ("Enabled", "Enabled"):
            raise NotAsWanted(
                f"The bucket {self.bucket_name} must be versioned and have Object Lock: make another."
            )

    def _place(self) -> dict:
        region = self.region_name
        elsewhere = region and region != "us-east-1"  # which S3 refuses to be told
        return {"CreateBucketConfiguration": {"LocationConstraint": region}} if elsewhere else {}

    def _open(self, name, mode="rb"):
        with _as_os_error(name):
            opened = super()._open(name, mode)
            if "r" in mode:
                _ = opened.file  # now, not at the first read: here what goes wrong is told
            return opened

    def _save(self, name, content):
        with _as_os_error(name):
            return super()._save(name, content)

    def exists(self, name):
        with _as_os_error(name):
            return super().exists(name)

    def delete(self, name):
        with _as_os_error(name):
            super().delete(name)

    def size(self, name):
        with _as_os_error(name):
            return super().size(name)


@contextmanager
def _as_os_error(name: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
            raise FileNotFoundError(name) from error
        raise StorageProblem(f"{name}: {error}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageProblem(f"{name}: {error}") from error

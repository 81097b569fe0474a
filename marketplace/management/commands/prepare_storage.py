"""Makes the bucket that the settings name, or says why the one there is will not do."""

from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError

from marketplace.storage import Bucket, NotAsWanted


class Command(BaseCommand):
    help = "Makes the object storage's bucket, versioned and able to lock. Run again, it changes nothing."

    def handle(self, *args, **options):
        """Raises CommandError when files would not be kept as they must."""
        if not isinstance(default_storage, Bucket):
            raise CommandError("Files are on the disk: HALLE_S3_BUCKET names no bucket.")
        try:
            default_storage.prepare()
        except (OSError, NotAsWanted) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The bucket {default_storage.bucket_name} keeps versions and locks.")

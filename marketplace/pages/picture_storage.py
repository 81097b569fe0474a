"""Where Wagtail keeps what it draws of a picture, and the public address of it."""

from io import BytesIO

from django.core.files.storage import Storage, default_storage
from django.urls import reverse

FOLDER = "images/"


class PictureStorage(Storage):
    """The default storage, where what Wagtail drew has a public address: marketplace.web.public.pictures."""

    def _open(self, name, mode="rb"):
        return default_storage.open(name, mode)

    def _save(self, name, content):
        # Wagtail draws into a temporary file that it never closes, and measures it after it is kept.
        with content.file as drawn:
            drawn.seek(0)
            content.file = BytesIO(drawn.read())
        return default_storage.save(name, content)

    def delete(self, name):
        default_storage.delete(name)

    def exists(self, name):
        return default_storage.exists(name)

    def size(self, name):
        return default_storage.size(name)

    def url(self, name):
        return reverse("picture", args=[name.removeprefix(FOLDER)])

"""Files in an object storage: a real S3 server, SeaweedFS, that keeps versions and locks."""

import datetime

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.urls import reverse

from billing import files
from billing.custody import check_file
from marketplace.storage import Bucket, StorageProblem
from tenants.models import Role
from tests.factories import MembershipFactory, UserFactory, issued_invoice
from tests.factories.base import NOW
from tests.fakes.terraform import KEY, SECRET, store_running
from tests.tools.database import as_worker


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with store_running(tmp_path_factory.mktemp("files")) as store:
        yield store.url


@pytest.fixture
def bucket(server, settings, request):
    """The default storage is a new bucket there."""
    options = {
        "bucket_name": f"halle-{abs(hash(request.node.name))}",
        "endpoint_url": server,
        "region_name": "us-east-1",
        "access_key": KEY,
        "secret_key": SECRET,
    }
    stores = {"default": {"BACKEND": "marketplace.storage.Bucket", "OPTIONS": options}}
    settings.STORAGES = settings.STORAGES | stores
    call_command("prepare_storage")
    return Bucket(**options)


def content(name):
    with default_storage.open(name) as file:
        return file.read()


def client_of(bucket):
    return bucket.connection.meta.client


def test_the_command_makes_a_bucket_once_and_refuses_one_that_cannot_lock(bucket, settings):
    call_command("prepare_storage")
    made_otherwise = bucket.bucket_name + "-nu"
    client_of(bucket).create_bucket(Bucket=made_otherwise)
    settings.STORAGES["default"]["OPTIONS"]["bucket_name"] = made_otherwise
    settings.STORAGES = {**settings.STORAGES}
    with pytest.raises(CommandError, match="must be versioned and have Object Lock"):
        call_command("prepare_storage")


def test_without_a_bucket_the_command_says_so():
    with pytest.raises(CommandError, match="HALLE_S3_BUCKET"):
        call_command("prepare_storage")


def test_a_name_that_is_taken_is_never_written_over(bucket):
    first = default_storage.save("evidence/acte.pdf", ContentFile(b"one"))
    second = default_storage.save("evidence/acte.pdf", ContentFile(b"two"))
    assert first != second
    assert content(first) == b"one"
    assert default_storage.size(second) == 3
    assert default_storage.locked_until(first) is None
    default_storage.delete(first)
    assert not default_storage.exists(first)
    with pytest.raises(FileNotFoundError):
        default_storage.open(first)


@pytest.mark.django_db
def test_an_invoice_is_kept_locked_and_its_check_says_until_when(bucket):
    invoice = issued_invoice()
    with as_worker():
        kept = files.make_file(invoice_id=invoice.pk, now=NOW)
        assert content(kept.path).startswith(b"%PDF")
        client = client_of(bucket)
        [version] = client.list_object_versions(Bucket=bucket.bucket_name, Prefix=kept.path)["Versions"]
        with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
            client.delete_object(
                Bucket=bucket.bucket_name, Key=kept.path, VersionId=version["VersionId"],
                BypassGovernanceRetention=True,
            )  # fmt: skip
        invoice.file = kept
        check = check_file(invoice=invoice, by=UserFactory(), now=NOW)
        assert check.problem == ""
        assert check.locked_until > datetime.date.today() + datetime.timedelta(days=10 * 365)

        # Somebody with the keys writes another over it: what was kept is still there, and the check tells.
        client.put_object(Bucket=bucket.bucket_name, Key=kept.path, Body=b"forged")
        check = check_file(invoice=invoice, by=UserFactory(), now=NOW)
        assert check.problem == "Le fichier conservé ne correspond plus à son empreinte."
        first = client.get_object(Bucket=bucket.bucket_name, Key=kept.path, VersionId=version["VersionId"])
        assert first["Body"].read().startswith(b"%PDF")


@pytest.mark.django_db
def test_a_storage_that_does_not_answer_is_told_and_no_page_fails(bucket, settings, client):
    invoice = issued_invoice()
    with as_worker():
        kept = files.make_file(invoice_id=invoice.pk, now=NOW)
    settings.STORAGES["default"]["OPTIONS"]["endpoint_url"] = "http://127.0.0.1:9"
    settings.STORAGES = {**settings.STORAGES}
    with pytest.raises(StorageProblem):
        default_storage.open(kept.path)
    client.force_login(MembershipFactory(organisation=invoice.tenant, role=Role.FINANCE).user)
    address = reverse("member_invoice_file", args=[invoice.tenant.siren, invoice.public_id])
    assert client.get(address).status_code == 302
    organisation = invoice.operator.organisation
    client.force_login(MembershipFactory(organisation=organisation, role=Role.OPERATOR_FINANCE).user)
    address = reverse("operator_invoice_file", args=[invoice.operator.slug, invoice.public_id])
    assert client.get(address).status_code == 302

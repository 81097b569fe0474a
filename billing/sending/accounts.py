"""An operator's account at Chorus Pro: typed by a person, sealed, and read by a worker only."""

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from billing.models import SendingAccount
from billing.sending.chorus_pro import ChorusPro, Credentials
from billing.sending.transport import Refused, Transport
from tenants import audit
from tenants.models import Operator, User
from tenants.operators.settings import SettingsInvalid
from tenants.sealing import Unsealable, seal, unseal

MAX_SECRET = 200
NO_COLON = "Un compte technique ne contient pas de deux-points."


@dataclass(frozen=True)
class AccountStatement:
    """What a person types. An empty secret keeps the one there is."""

    login: str
    password: str
    client_id: str
    client_secret: str
    since: date


def account_of(operator: Operator) -> SendingAccount | None:
    """Its account, without what is sealed being opened; None when it has none. One query."""
    return SendingAccount.objects.filter(operator=operator).select_related("set_by").first()


@transaction.atomic
def set_account(
    *, operator: Operator, statement: AccountStatement, by: User, now: datetime
) -> SendingAccount:
    """Keeps an operator's account, in place of the one it had. Raises SettingsInvalid."""
    Operator.objects.select_for_update(no_key=True).get(pk=operator.pk)  # two that type at once take turns
    known = SendingAccount.objects.filter(operator=operator).first()
    secrets = _known(known)
    typed = {"password": statement.password, "client_secret": statement.client_secret}
    secrets |= {name: value for name, value in typed.items() if value}
    _check(statement, secrets)
    account = known or SendingAccount(tenant_id=operator.organisation_id, operator=operator)
    account.login, account.client_id = statement.login, statement.client_id
    account.since = statement.since
    account.sealed = seal(secrets, owner=str(account.public_id))
    account.set_by, account.set_at = by, now
    account.silent_since = None
    account.save()
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what="sending.account_set",
        sentence=f"{{actor}} a enregistré le compte Chorus Pro de {operator.short_name}.",
        subject_id=account.public_id,
        now=now,
        details={"since": str(statement.since), "secrets": sorted(name for name in typed if typed[name])},
    )
    return account


def _known(account: SendingAccount | None) -> dict[str, str]:
    """The secrets there are; none when no key opens them any more: they are to be typed again."""
    try:
        return unseal(account.sealed, owner=str(account.public_id)) if account else {}
    except Unsealable:
        return {}


def _check(statement: AccountStatement, secrets: dict[str, str]) -> None:
    problems = {}
    if ":" in statement.login:
        # It ends the login in the header: the rest would be taken for the password.
        problems["login"] = NO_COLON
    for name, words in (
        ("password", "Indiquez le mot de passe du compte technique."),
        ("client_secret", "Indiquez le secret de l’application PISTE."),
    ):
        if not secrets.get(name):
            problems[name] = words
        elif len(secrets[name]) > MAX_SECRET:
            problems[name] = f"{MAX_SECRET} signes au plus."
    if problems:
        raise SettingsInvalid(problems)


def note_silence(operator: Operator, *, now: datetime) -> None:
    """Nothing was had from its portal; the first time of several counts. One query."""
    SendingAccount.objects.filter(operator=operator, silent_since__isnull=True).update(silent_since=now)


def note_answer(operator: Operator) -> None:
    """Its portal answers, or does so again. One query."""
    SendingAccount.objects.filter(operator=operator, silent_since__isnull=False).update(silent_since=None)


def transport_of(operator: Operator) -> Transport:
    """The portal of an operator, as it signs in there. Raises Refused where it has no account, or one whose
    secrets no key opens any more. For workers."""
    account = account_of(operator)
    if account is None:
        raise Refused("Aucun compte Chorus Pro n’est enregistré.")
    try:
        secrets = unseal(account.sealed, owner=str(account.public_id))
    except Unsealable:
        raise Refused(
            "Les secrets du compte Chorus Pro sont illisibles : enregistrez-les de nouveau."
        ) from None
    credentials = Credentials(
        client_id=account.client_id,
        client_secret=secrets["client_secret"],
        login=account.login,
        password=secrets["password"],
    )
    where = settings.CHORUS_PRO
    return ChorusPro(credentials, token_url=where["token_url"], api_url=where["api_url"])

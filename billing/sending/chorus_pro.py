"""Chorus Pro's API behind PISTE: OAuth2 by client credentials, and the technical account in a header.

The routes and fields are those of its OpenAPI "Factures" and "Transverses" and of the external
specifications, annex on the API services (deposerFluxFacture, consulterCRDetaille,
rechercherFactureParFournisseur, consulterHistoriqueFacture). Every answer bears `codeRetour`, 0 when done.
"""

import base64
import gzip
import io
import json
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from billing.sending.calling import Answer, post
from billing.sending.transport import (
    Analysis,
    Happened,
    InDoubt,
    Known,
    Parcel,
    Refused,
    Report,
    Unreached,
)

SYNTAX = "IN_DP_E2_CII_FACTURX"  # flow E2, Factur-X
DEPOSIT_SECONDS = 120.0
READ_SECONDS = 30.0
PAGE = 500
MAX_PAGES = 20
PARIS = ZoneInfo("Europe/Paris")
_ANALYSES = {
    "IN_INTEGRE": Analysis.INTEGRATED,
    "IN_INTEGRE_PARTIEL": Analysis.INTEGRATED,
    "IN_REJETE": Analysis.REFUSED,
}
_NO_ACCESS = (
    "Chorus Pro refuse l’accès : vérifiez le compte technique et l’application PISTE dans « Compte Chorus "
    "Pro »."
)


@dataclass(frozen=True)
class Credentials:
    """An operator's: its application at PISTE, its technical account at Chorus Pro."""

    client_id: str
    client_secret: str
    login: str
    password: str

    def __repr__(self):
        return "Credentials(…)"  # no secret in a trace


class ChorusPro:
    """billing.sending.transport.Transport. One object a job: its access token is asked for once."""

    def __init__(self, credentials: Credentials, *, token_url: str, api_url: str):
        self._credentials, self._token_url, self._api_url = credentials, token_url, api_url
        self._token = ""

    def deposit(self, parcel: Parcel) -> str:
        """One Factur-X as it is, several in one tar.gz. The portal refuses by itself an invoice that it has:
        it is then among those that the report refuses."""
        name, content = packed(parcel)
        said = {
            "fichierFlux": base64.b64encode(content).decode("ascii"),
            "nomFichier": name,
            "syntaxeFlux": SYNTAX,
            "avecSignature": False,
        }
        self._sign_in()
        answer = self._post("factures/v1/deposer/flux", said, seconds=DEPOSIT_SECONDS)
        if answer.status >= 500 or answer.status in (408, 429):
            # A gateway that gives up says nothing of what stands behind it.
            raise InDoubt(f"Chorus Pro a répondu par une erreur (code {answer.status}) au dépôt.")
        number = _text(self._read(answer, unread=InDoubt).get("numeroFluxDepot"), longest=60)
        if not number:
            raise InDoubt("Chorus Pro n’a pas donné le numéro du dépôt.")
        return number

    def find(self, invoice_number: str) -> str | None:
        """By the number of one invoice of the deposit, which the portal knows once it has read the flow."""
        asked = {"numeroFacture": invoice_number, **_page(1)}
        for invoice in _rows(self._ask("factures/v1/rechercher/fournisseur", asked), "listeFactures"):
            if invoice.get("numeroFacture") == invoice_number:
                return _text(invoice.get("numeroFluxDepot"), longest=60) or None
        return None

    def report(self, deposit_number: str) -> Report:
        """What the detailed report of the flow says."""
        asked = {"numeroFluxDepot": deposit_number}
        said = self._ask("transverses/v1/consulterCRDetaille", asked)
        faults = [_text(row.get("libelleErreur"), longest=300) for row in _rows(said, "listeErreurTechnique")]
        refused = {
            _text(row.get("numeroDP"), longest=60): _text(row.get("libelleErreurDP"), longest=1000)
            for row in _rows(said, "listeErreurDP")
        }
        refused.pop("", None)
        state = said.get("etatCourantDepotFlux")
        analysis = _ANALYSES.get(state, Analysis.UNDER_WAY) if isinstance(state, str) else Analysis.UNDER_WAY
        return Report(analysis, " ".join(filter(None, faults))[:500], refused)

    def invoices(self, deposit_number: str) -> dict[str, Known]:
        """Those of the flow, page by page."""
        found: dict[str, Known] = {}
        for number in range(1, MAX_PAGES + 1):
            asked = {"numeroFluxDepot": deposit_number, **_page(number)}
            said = self._ask("factures/v1/rechercher/fournisseur", asked)
            for row in _rows(said, "listeFactures"):
                name, code = (_text(row.get(key), longest=60) for key in ("numeroFacture", "statut"))
                if name and code and isinstance(row.get("identifiantFactureCPP"), int):
                    found[name] = Known(str(row["identifiantFactureCPP"]), code)
            pages = said.get("parametresRetour")
            if not isinstance(pages, dict) or not isinstance(pages.get("pages"), int):
                break
            if pages["pages"] <= number:
                break
        return found

    def history(self, external_id: str) -> list[Happened]:
        """The statuses of an invoice, oldest first."""
        said = self._ask("factures/v1/consulter/historique", {"idFacture": int(external_id)})
        passed = said.get("historiquesDesStatuts")
        found = []
        for row in _rows(passed if isinstance(passed, dict) else {}, "histoStatut"):
            code, at = row.get("histoStatutCode"), _moment(row.get("histoStatutDatePassage"))
            if (code := _text(code, longest=60)) and at:
                reason = _text(row.get("histoStatutCommentaire"), longest=1000)
                found.append(Happened(code, at, reason))
        return sorted(found, key=lambda one: one.at)

    def _sign_in(self) -> None:
        """Asks PISTE for an access token, unless there is one."""
        if self._token:
            return
        asked = {
            "grant_type": "client_credentials",
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret,
            "scope": "openid",
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            answer = post(
                self._token_url, headers=headers, content=urlencode(asked).encode(), seconds=READ_SECONDS
            )
        except InDoubt as error:
            raise Unreached(str(error)) from error  # nothing was deposited yet
        if answer.status in (400, 401, 403):
            raise Refused(_NO_ACCESS)
        token = (answer.json_object() or {}).get("access_token") if answer.status == 200 else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise Unreached("PISTE ne donne pas d’accès pour le moment.")
        self._token = token

    def _ask(self, path: str, said: dict) -> dict:
        """A question, which changes nothing there: without an answer, it is asked again later."""
        self._sign_in()
        try:
            answer = self._post(path, said, seconds=READ_SECONDS)
        except InDoubt as error:
            raise Unreached(str(error)) from error
        if answer.status >= 500 or answer.status in (408, 429):
            raise Unreached(f"Chorus Pro a répondu par une erreur (code {answer.status}).")
        return self._read(answer, unread=Unreached)

    def _post(self, path: str, said: dict, *, seconds: float) -> Answer:
        account = f"{self._credentials.login}:{self._credentials.password}".encode()
        headers = {
            "Content-Type": "application/json;charset=utf-8",
            "Authorization": f"Bearer {self._token}",
            "cpro-account": base64.b64encode(account).decode("ascii"),
        }
        content = json.dumps(said).encode()
        return post(f"{self._api_url}/cpro/{path}", headers=headers, content=content, seconds=seconds)

    def _read(self, answer: Answer, *, unread: type[Exception]) -> dict:
        if answer.status in (401, 403):
            raise Refused(_NO_ACCESS)
        said = answer.json_object()
        if (said is not None and said.get("codeRetour", 0) != 0) or 400 <= answer.status < 500:
            label = _text((said or {}).get("libelle"), longest=300)
            raise Refused(f"Chorus Pro a refusé : {label or f'code {answer.status}'}.")
        if said is None or answer.status != 200:
            raise unread("La réponse de Chorus Pro est illisible.")
        return said


def packed(parcel: Parcel) -> tuple[str, bytes]:
    """The name and the content of the file to deposit: the same parcel gives the same bytes."""
    if len(parcel.files) == 1:
        (content,) = parcel.files.values()
        return f"{parcel.name}.pdf", content
    archive = io.BytesIO()
    # Without the hour: a second try is the same file.
    with (
        gzip.GzipFile(fileobj=archive, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for number, content in sorted(parcel.files.items()):
            entry = tarfile.TarInfo(f"{number.replace('/', '-')}.pdf")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return f"{parcel.name}.tar.gz", archive.getvalue()


def _page(number: int) -> dict:
    return {"rechercheFactureParFournisseur": {"pageResultatDemandee": number, "nbResultatsParPage": PAGE}}


def _rows(said: dict, name: str) -> list[dict]:
    rows = said.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _text(value, *, longest: int) -> str:
    """What the portal wrote, cut, without what a database refuses; "" for anything but text."""
    if not isinstance(value, str):
        return ""
    kept = "".join(char for char in value if char.isprintable() and not "\ud800" <= char <= "\udfff")
    return " ".join(kept.split())[:longest]


def _moment(value) -> datetime | None:
    """ISO 8601, of Paris where it says no zone."""
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return (at if at.tzinfo else at.replace(tzinfo=PARIS)).astimezone(UTC)

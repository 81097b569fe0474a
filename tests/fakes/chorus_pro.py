"""PISTE and Chorus Pro, as one server: it takes flows as told, analyses them, and fails as told.

A judge, not a mock: it speaks HTTP on a socket, opens the archives, reads the invoice number, the SIRET and
the references in the XML inside each PDF, and refuses what Chorus Pro refuses: a number that it has already,
an unknown SIRET, a missing service code, a flow that is too large, a wrong account.
"""

import base64
import contextlib
import http.server
import io
import json
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from facturx import get_xml_from_pdf
from lxml import etree

from tests.fakes.broker import HANG_SECONDS, serving

RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
RSM = "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}"
CLIENT_ID, CLIENT_SECRET = "piste-of-the-tests", "secret-of-the-application"
LOGIN, PASSWORD = "TECH_1_TEST@cpro.fr", "secret-of-the-account"
DEPOSIT, REPORT, SEARCH, HISTORY = (
    "/cpro/factures/v1/deposer/flux",
    "/cpro/transverses/v1/consulterCRDetaille",
    "/cpro/factures/v1/rechercher/fournisseur",
    "/cpro/factures/v1/consulter/historique",
)
TOKEN = "/api/oauth/token"


@dataclass
class Fault:
    """How the next request for that path is answered. `works`: the work is done all the same."""

    path: str
    status: int = 500
    body: bytes = b"<html>Bad gateway</html>"
    works: bool = False
    hang: bool = False


@dataclass
class Portal:
    """What it holds: flows by their number, invoices by theirs; and how it will fail."""

    url: str = ""
    flows: dict = field(default_factory=dict)
    invoices: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)  # paths
    faults: list = field(default_factory=list)
    unknown_sirets: set = field(default_factory=set)
    analysed: bool = True  # else flows wait
    page: int = 500
    lock: threading.Lock = field(default_factory=threading.Lock)

    def deposits(self) -> int:
        return self.asked.count(DEPOSIT)

    def happens(self, number: str, code: str, *, at: str, reason: str = "") -> None:
        """A status that an invoice takes there. `at` as the portal writes it."""
        one = self.invoices[number]
        one["statut"] = code
        one["history"].append(
            {"histoStatutCode": code, "histoStatutDatePassage": at, "histoStatutCommentaire": reason}
        )

    def take(self, said: dict) -> tuple[int, dict]:
        """A flow is only looked at from outside, then analysed."""
        content = base64.b64decode(said["fichierFlux"], validate=True)
        name = said["nomFichier"]
        if said["syntaxeFlux"] != "IN_DP_E2_CII_FACTURX" or said["avecSignature"] is not False:
            return 200, {"codeRetour": 20000, "libelle": "GDP_MSG_01.001 : syntaxe du flux inconnue"}
        if len(content) > 30 * 1024 * 1024:
            return 200, {"codeRetour": 20001, "libelle": "GDP_MSG_11.022 : le fichier est trop volumineux"}
        number = f"CPP{len(self.flows) + 1:022d}"
        files = {name: content} if name.endswith(".pdf") else dict(_untarred(content))
        flow = {"name": name, "errors": [], "files": files, "state": "IN_DEPOT_PORTAIL_EN_ATTENTE"}
        self.flows[number] = flow
        if self.analysed:
            self.analyse(number)
        return 200, {"codeRetour": 0, "libelle": "TRA_MSG_00.000", "numeroFluxDepot": number}

    def analyse(self, number: str) -> None:
        flow = self.flows[number]
        for content in flow["files"].values():
            said = read(content)
            fault = self.fault_of(said)
            if fault:
                who = {"numeroDP": said["number"], "identifiantDestinataire": said["siret"]}
                flow["errors"].append({**who, "libelleErreurDP": fault})
                continue
            self.invoices[said["number"]] = {
                **said, "flow": number, "id": 7_000_000 + len(self.invoices), "statut": "", "history": []
            }  # fmt: skip
            self.happens(said["number"], "DEPOSEE", at="2026-11-21T10:00:00.000+01:00")
        kept = len(flow["files"]) - len(flow["errors"])
        flow["state"] = "IN_INTEGRE" if not flow["errors"] else "IN_INTEGRE_PARTIEL" if kept else "IN_REJETE"

    def fault_of(self, said: dict) -> str:
        if said["number"] in self.invoices:
            return "Facture déjà transmise (doublon)"
        if said["siret"] in self.unknown_sirets:
            return "Le destinataire n’est pas connu de Chorus Pro"
        return ""

    def answer(self, path: str, said: dict) -> tuple[int, dict]:
        if path == DEPOSIT:
            return self.take(said)
        if path == REPORT:
            flow = self.flows.get(said["numeroFluxDepot"])
            if flow is None:
                return 200, {"codeRetour": 20003, "libelle": "Flux inconnu"}
            said = {"etatCourantDepotFlux": flow["state"], "listeErreurDP": flow["errors"]}
            return 200, {"codeRetour": 0, **said}
        if path == SEARCH:
            return 200, self.search(said)
        if path == HISTORY:
            one = next(one for one in self.invoices.values() if one["id"] == said["idFacture"])
            return 200, {
                "codeRetour": 0,
                "statutCourantCode": one["statut"],
                "historiquesDesStatuts": {"histoStatut": list(reversed(one["history"]))},
            }
        return 404, {}

    def search(self, said: dict) -> dict:
        wanted = said["rechercheFactureParFournisseur"]
        found = [
            {
                "numeroFacture": one["number"],
                "identifiantFactureCPP": one["id"],
                "statut": one["statut"],
                "numeroFluxDepot": one["flow"],
            }
            for one in self.invoices.values()
            if said.get("numeroFluxDepot", one["flow"]) == one["flow"]
            and said.get("numeroFacture", one["number"]) == one["number"]
        ]
        size = min(wanted["nbResultatsParPage"], self.page)
        start = (wanted["pageResultatDemandee"] - 1) * size
        pages = {"pages": -(-len(found) // size), "pageCourante": wanted["pageResultatDemandee"]}
        return {"codeRetour": 0, "listeFactures": found[start : start + size], "parametresRetour": pages}


def read(pdf: bytes) -> dict:
    """What the portal reads in a Factur-X: its number, the receiver's SIRET, its references."""
    _, xml = get_xml_from_pdf(pdf, check_xsd=False, check_schematron=False)
    tree = etree.fromstring(xml)
    buyer = f".//{RAM}BuyerTradeParty/{RAM}GlobalID"
    return {
        "number": tree.findtext(f"./{RSM}ExchangedDocument/{RAM}ID"),
        "siret": tree.findtext(buyer) or "",
        "service": tree.findtext(f".//{RAM}BuyerReference") or "",
        "commitment": tree.findtext(f".//{RAM}BuyerOrderReferencedDocument/{RAM}IssuerAssignedID") or "",
    }


def _untarred(content: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
        for entry in tar:
            yield entry.name, tar.extractfile(entry).read()


@contextlib.contextmanager
def running(**options) -> Iterator[Portal]:
    """A portal on a socket of this machine."""
    portal = Portal(**options)
    tokens = set()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            content = self.rfile.read(int(self.headers["Content-Length"]))
            with portal.lock:
                portal.asked.append(self.path)
                fault = next((one for one in portal.faults if one.path == self.path), None)
                if fault:
                    portal.faults.remove(fault)
                    if fault.works:
                        self.worked(content)
                    status, body = fault.status, fault.body
                else:
                    status, said = self.worked(content)
                    body = json.dumps(said).encode()
            if fault and fault.hang:
                time.sleep(HANG_SECONDS)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):  # the caller may have hung up
                self.wfile.write(body)

        def worked(self, content: bytes) -> tuple[int, dict]:
            if self.path == TOKEN:
                said = {name: values[0] for name, values in parse_qs(content.decode()).items()}
                wanted = {"grant_type": "client_credentials", "scope": "openid",
                          "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}  # fmt: skip
                if said != wanted:
                    return 400, {"error": "invalid_client"}
                token = f"token-{len(tokens)}"
                tokens.add(token)
                return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
            account = base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if token not in tokens or self.headers.get("cpro-account") != account:
                return 403, {"libelle": "Accès refusé"}
            return portal.answer(self.path, json.loads(content))

        def finish(self):
            with contextlib.suppress(OSError, ValueError):
                super().finish()

        def log_message(self, *arguments):
            """Stay silent: pytest's output is for results."""

    with serving(Handler) as portal.url:
        yield portal

"""One typed value a topic. Titles are the labels people read; descriptions are the hints of the forms.

Stored as JSON; a field that is not known is empty. What must be true of several fields together, or on a day,
is in checks.py.
"""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from catalog.claims.kinds import (
    Address,
    Blank,
    Choice,
    Day,
    Days,
    Figure,
    Hours,
    Lines,
    LongText,
    Months,
    Percent,
    Text,
    YesNo,
    refused,
)
from catalog.models.claim import ClaimTopic
from catalog.publiccode.licences import LicenceInvalid, spdx_expression

MAX_SUBPROCESSORS = 40
# Words of a function's mailbox. A person's name has none of them.
FUNCTION_WORDS = (
    "dpo",
    "dpd",
    "rgpd",
    "gdpr",
    "privacy",
    "donnees",
    "data",
    "protection",
    "juridique",
    "cnil",
)


class Value(BaseModel):
    """What all topics share: nothing unknown, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- Personal data -------------------------------------------------------------------------------------


class Role(Choice):
    PROCESSOR = "processor", "sous-traitant"
    JOINT = "joint", "responsable conjoint"
    CONTROLLER = "controller", "responsable de traitement"


class EndOfContract(Choice):
    RETURN = "return", "données rendues puis effacées"
    DELETE = "delete", "données effacées"


class Transfer(Choice):
    ADEQUACY = "adequacy", "décision d’adéquation"
    CLAUSES = "clauses", "clauses contractuelles types"
    RULES = "rules", "règles d’entreprise contraignantes"
    OTHER = "other", "autre base de l’article 49"


def _of_a_function(value: str) -> str:
    mailbox = value.partition("@")[0].lower()
    if "@" in value and not any(word in mailbox for word in FUNCTION_WORDS):
        raise refused(
            "Donnez l’adresse d’une fonction, par exemple dpo@votre-domaine.fr, jamais celle d’une personne."
        )
    return value


class Subprocessor(Value):
    name: Text = Field(title="Nom", min_length=1)
    country: Text = Field(title="Pays", min_length=1)
    purpose: Text = Field("", title="Ce qu’il fait")

    def __str__(self):
        return f"{self.name} ({self.country}){f' : {self.purpose}' if self.purpose else ''}"


class Rgpd(Value):
    role: Role = Field(title="Votre rôle", description="En général sous-traitant : la collectivité décide.")
    dpa_signed: YesNo = Field(None, title="Contrat de sous-traitance (article 28) proposé à la signature")
    dpa_version: Text = Field("", title="Version du contrat de sous-traitance")
    subprocessors: list[Subprocessor] = Field(
        default_factory=list, title="Sous-traitants ultérieurs", max_length=MAX_SUBPROCESSORS
    )
    data_categories: Lines = Field(
        default_factory=list, title="Catégories de données", description="Une par ligne."
    )
    retention: LongText = Field("", title="Durées de conservation")
    transfer_outside_eu: YesNo = Field(None, title="Données transférées hors de l’Union européenne")
    transfer_basis: Annotated[Transfer | None, Blank] = Field(None, title="Base de ces transferts")
    breach_notice_hours: Hours = Field(
        None, title="Délai pour prévenir d’une violation (heures)", description="La CNIL attend 72 h au plus."
    )
    dpo_contact: Annotated[Text, AfterValidator(_of_a_function)] = Field(
        "",
        title="Contact du délégué à la protection des données",
        description="Une fonction, pas une personne.",
    )
    audit_right: YesNo = Field(None, title="Droit d’audit pour la collectivité")
    end_of_contract: Annotated[EndOfContract | None, Blank] = Field(None, title="À la fin du contrat")


# --- Hosting -------------------------------------------------------------------------------------------


class SecNumCloud(Choice):
    NONE = "none", "non qualifié"
    IN_PROGRESS = "in_progress", "qualification en cours"
    QUALIFIED = "qualified", "qualifié"


class Layer(Choice):
    IAAS = "iaas", "infrastructure (IaaS)"
    PAAS = "paas", "plateforme (PaaS)"
    SAAS = "saas", "logiciel en ligne (SaaS)"


class Hosting(Value):
    hosting_provider: Text = Field(title="Hébergeur", min_length=1)
    datacentre_country: Text = Field(title="Pays des centres de données", min_length=1)
    operator_law_country: Text = Field("", title="Pays dont la loi s’applique à l’hébergeur")
    service_layer: Annotated[Layer | None, Blank] = Field(None, title="Nature du service")
    secnumcloud: SecNumCloud = Field(SecNumCloud.NONE, title="SecNumCloud")
    secnumcloud_scope: Text = Field("", title="Périmètre de la qualification SecNumCloud")
    secnumcloud_until: Day = Field(None, title="Fin de la qualification SecNumCloud")
    hds: YesNo = Field(None, title="Certifié hébergeur de données de santé (HDS)")
    hds_until: Day = Field(None, title="Fin du certificat HDS")
    iso27001: YesNo = Field(None, title="Certifié ISO 27001")
    iso27001_until: Day = Field(None, title="Fin du certificat ISO 27001")


# --- Accessibility and environment ---------------------------------------------------------------------


class RgaaStatus(Choice):
    NONE = "none", "non conforme"
    PARTIAL = "partial", "partiellement conforme"
    TOTAL = "total", "totalement conforme"


class Rgaa(Value):
    rgaa_version: Text = Field("4.1.2", title="Version du RGAA")
    status: RgaaStatus = Field(title="Conformité")
    rate_percent: Percent = Field(None, title="Taux de conformité (%)", description="Des 106 critères.")
    audit_date: Day = Field(None, title="Date de l’audit")
    auditor: Text = Field("", title="Qui a fait l’audit", description="Une société ou un service.")
    declaration_url: Address = Field("", title="Adresse de la déclaration d’accessibilité")
    schema_pluriannuel_url: Address = Field("", title="Adresse du schéma pluriannuel")


class Rgesn(Value):
    rgesn_version: Text = Field("2024", title="Version du RGESN")
    score_percent: Percent = Field(title="Score (%)")
    assessed_on: Day = Field(None, title="Date de l’évaluation")
    declaration_url: Address = Field("", title="Adresse de la déclaration d’écoconception")
    hosting_pue: Figure = Field(
        None, title="Efficacité énergétique de l’hébergement (PUE)", description="1,00 est la perfection."
    )


class Environment(Value):
    commitments: LongText = Field(title="Ce que vous faites pour l’environnement", min_length=1)
    footprint_grams: Figure = Field(None, title="Empreinte par utilisateur et par an (g CO₂e)")
    footprint_method: Text = Field("", title="Méthode de calcul de l’empreinte")
    renewable_percent: Percent = Field(None, title="Électricité renouvelable (%)")
    oldest_device_years: Figure = Field(None, title="Fonctionne sur des postes de (ans)")
    report_url: Address = Field("", title="Adresse du bilan publié")


# --- Code, exit and service ----------------------------------------------------------------------------


def _spdx(value: str) -> str:
    try:
        return spdx_expression(value)
    except LicenceInvalid as invalid:
        sentence = str(invalid)
        raise refused(sentence[:1].upper() + sentence[1:]) from None


class Licence(Value):
    spdx_id: Annotated[Text, AfterValidator(_spdx)] = Field(
        title="Licence (identifiant SPDX)", description="Par exemple EUPL-1.2 ou AGPL-3.0-or-later."
    )
    repository_url: Address = Field("", title="Adresse du dépôt du code")
    publiccode_yml_url: Address = Field("", title="Adresse du fichier publiccode.yml")
    contractors: Lines = Field(
        default_factory=list, title="Qui peut assurer la maintenance", description="Un nom par ligne."
    )
    contributions_open: YesNo = Field(None, title="Contributions extérieures acceptées")


class Reversibility(Value):
    plan_url: Address = Field("", title="Adresse du plan de réversibilité")
    export_formats: Lines = Field(
        title="Formats d’export", description="Un par ligne : CSV, XML…", min_length=1
    )
    export_self_service: YesNo = Field(None, title="Export possible sans vous demander")
    notice_days: Days = Field(None, title="Préavis (jours)")
    assistance_price: Text = Field("", title="Prix de l’accompagnement à la sortie")
    retention_after_end_days: Days = Field(None, title="Données gardées après la fin (jours)")
    tested_on: Day = Field(None, title="Dernier essai de l’export")


class SwitchingFee(Choice):
    NONE = "none", "aucuns"
    AT_COST = "at_cost", "au coût réel"
    ABOVE_COST = "above_cost", "au-delà du coût réel"


class DataAct(Value):
    exit_notice_days: Days = Field(title="Préavis de sortie (jours)")
    transition_days: Days = Field(title="Durée de la transition (jours)")
    longer_transition_months: Months = Field(
        None, title="Transition plus longue si elle est techniquement impossible en 30 jours (mois)"
    )
    retrieval_days: Days = Field(title="Données récupérables après la transition (jours)")
    switching_fee: SwitchingFee = Field(title="Frais de changement de fournisseur")
    exportable_data_spec_url: Address = Field("", title="Adresse de la description des données exportables")
    early_termination_penalty: Text = Field("", title="Pénalité de fin anticipée")


class Sla(Value):
    availability_percent: Percent = Field(title="Disponibilité (%)")
    measurement: Text = Field("", title="Mesure de la disponibilité", description="Par exemple : par mois.")
    support_hours: Text = Field("", title="Heures de l’assistance")
    gti_hours: Hours = Field(None, title="Garantie de temps d’intervention (heures)")
    gtr_hours: Hours = Field(None, title="Garantie de temps de rétablissement (heures)")
    rpo_hours: Hours = Field(None, title="Perte de données maximale (heures)")
    rto_hours: Hours = Field(None, title="Reprise après sinistre (heures)")
    penalties: Text = Field("", title="Pénalités")


class Homologation(Value):
    decision_date: Day = Field(title="Date de la décision")
    valid_until: Day = Field(title="Valable jusqu’au")
    authority_name: Text = Field(
        title="Autorité qui a homologué",
        min_length=1,
        description="Un organisme. Chaque collectivité "
        "décide ensuite pour elle-même : ceci l’aide, sans la remplacer.",
    )
    authority_role: Text = Field("", title="Fonction de qui a signé", description="Maire, DGS… sans son nom.")
    scope: LongText = Field("", title="Périmètre")
    indice_cyber: Figure = Field(None, title="Indice cyber (MonServiceSécurisé, sur 5)")


class Interoperability(Value):
    api_doc_url: Address = Field("", title="Adresse de la documentation de l’API")
    scim: YesNo = Field(None, title="Comptes tenus à jour par SCIM")
    pes_v2: YesNo = Field(None, title="Flux comptables PES V2")
    actes: YesNo = Field(None, title="Télétransmission ACTES")
    rgi: YesNo = Field(None, title="Suit le référentiel général d’interopérabilité (RGI)")
    standards: Lines = Field(
        default_factory=list, title="Autres normes suivies", description="Une par ligne."
    )


class SignIn(Value):
    proconnect: YesNo = Field(None, title="ProConnect pour les agents")
    franceconnect: YesNo = Field(None, title="FranceConnect pour les usagers")
    franceconnect_plus: YesNo = Field(None, title="FranceConnect+ pour les usagers")
    own_identity_provider: YesNo = Field(
        None, title="Fournisseur d’identité de la collectivité (OpenID, SAML)"
    )
    second_factor: YesNo = Field(None, title="Double authentification")


TOPICS: dict[str, type[Value]] = {
    ClaimTopic.RGPD: Rgpd,
    ClaimTopic.HOSTING: Hosting,
    ClaimTopic.RGAA: Rgaa,
    ClaimTopic.RGESN: Rgesn,
    ClaimTopic.ENVIRONMENT: Environment,
    ClaimTopic.LICENCE: Licence,
    ClaimTopic.REVERSIBILITY: Reversibility,
    ClaimTopic.DATA_ACT: DataAct,
    ClaimTopic.SLA: Sla,
    ClaimTopic.HOMOLOGATION: Homologation,
    ClaimTopic.INTEROPERABILITY: Interoperability,
    ClaimTopic.SIGN_IN: SignIn,
}

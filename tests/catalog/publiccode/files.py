"""A right publiccode.yml, and ways to spoil it."""

import copy
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
OURS = (ROOT / "publiccode.yml").read_text()

LONG = (
    "Cantine Libre inscrit les enfants, compte les repas et prépare les factures des familles. "
    "La régie encaisse, la cuisine connaît les effectifs du jour, la mairie suit les impayés sans ressaisie."
)

RIGHT = {
    "publiccodeYmlVersion": "0.7",
    "name": "Cantine Libre",
    "url": "https://code.example/cantine/cantine.git",
    "platforms": ["web"],
    "developmentStatus": "stable",
    "softwareType": "standalone/web",
    "description": {
        "fr": {
            "shortDescription": "La cantine, de l’inscription à la facture",
            "longDescription": LONG,
            "features": ["Inscriptions en ligne", "Facturation au quotient familial"],
        }
    },
    "legal": {"license": "AGPL-3.0-or-later"},
    "maintenance": {
        "type": "contract",
        "contractors": [
            {"name": "Petite Fabrique", "until": "2028-06-30", "website": "https://fabrique.example"}
        ],
    },
    "localisation": {"localisationReady": True, "availableLanguages": ["fr", "en"]},
}

GONE = object()


def changed(path: str, value) -> str:
    """The right file with the value at "maintenance.contractors.0.until" replaced (GONE: taken out)."""
    content = copy.deepcopy(RIGHT)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = content
    for part in parents:
        place = place[part]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return written(content)


def written(content) -> str:
    return yaml.dump(content, Dumper=_NoAliases, allow_unicode=True, sort_keys=False)


class _NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True

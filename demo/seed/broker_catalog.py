"""What the vendors' broker offers: demo/broker_catalog.json (`seed_demo --write-broker-catalog`)."""

import json
from pathlib import Path

from catalog.models import Family
from demo.seed.connections import BINDABLE, BY_MESSAGE, PLAN, plan_id, service_id
from demo.seed.shelves import services
from demo.seed.vendors import AUTOMATIC

FILE = Path(__file__).parent.parent / "broker_catalog.json"


def broker_catalog() -> list[dict]:
    """Services of the vendors that open by themselves, in the order of the families."""
    return [
        {
            "id": service_id(text["slug"]),
            "name": text["slug"],
            "description": text["summary"],
            **({"bindable": True} if text["slug"] in BINDABLE else {}),
            "plans": [
                {
                    "id": plan_id(text["slug"]),
                    "name": PLAN,
                    "description": "Ouverture pour un adhérent d’un opérateur.",
                }
            ],
        }
        for family in Family
        for text in services(family)
        if text["vendor"] in AUTOMATIC and text["slug"] not in BY_MESSAGE
    ]


def write_broker_catalog() -> None:
    FILE.write_text(json.dumps(broker_catalog(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

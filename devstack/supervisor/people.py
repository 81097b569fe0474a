"""The demo people, as a table for the console."""

import json
from pathlib import Path


def people_table(file: Path) -> str:
    """One line a person: name, role, organisation. The file is the identity provider's own."""
    rows = [
        (f"{person['given_name']} {person['usual_name']}", person["role"], person["organisation"])
        for person in json.loads(file.read_text())
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    return "\n".join(f"  {name:<{widths[0]}}  {role:<{widths[1]}}  {place}" for name, role, place in rows)

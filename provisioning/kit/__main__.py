"""`halle-vendor-kit`, or `python -m provisioning.kit`: the kit on a terminal, without Halle's database."""

import argparse
import os
import sys
import uuid
from pathlib import Path

from django.conf import settings


def main(arguments: list[str] | None = None) -> int:
    """0 when the broker passes, 1 when it does not, 2 when it could not be tried."""
    parser = argparse.ArgumentParser(
        prog="halle-vendor-kit",
        description="Joue à votre courtier Open Service Broker ce que Halle lui jouera.",
    )
    parser.add_argument("--url", required=True, help="adresse du courtier, sans /v2")
    parser.add_argument("--username", required=True)
    parser.add_argument(
        "--password-variable", required=True, help="variable d’environnement qui porte le mot de passe"
    )
    parser.add_argument("--service-id", required=True)
    parser.add_argument("--plan-id", required=True)
    parser.add_argument("--json", type=Path, help="fichier où écrire le rapport en JSON")
    parser.add_argument("--html", type=Path, help="fichier où écrire le rapport en page web")
    options = parser.parse_args(arguments)
    password = os.environ.get(options.password_variable)
    if password is None:
        parser.error(f"la variable {options.password_variable} n’existe pas dans l’environnement")
    if not settings.configured and not os.environ.get("DJANGO_SETTINGS_MODULE"):
        # A vendor tries its own machine, from its own machine.
        settings.configure(ALLOW_PRIVATE_ADDRESSES=True)
    from provisioning.kit.line import Target
    from provisioning.kit.playing import play
    from provisioning.kit.reports import as_html, as_json, as_text
    from provisioning.kit.table import CHECKS

    def told(done: int) -> None:
        sys.stderr.write(f"\r{done}/{len(CHECKS)}")
        sys.stderr.flush()

    target = Target(options.url, options.username, password, options.service_id, options.plan_id)
    report = play(target, run=uuid.uuid4(), told=told)
    sys.stderr.write("\n")
    sys.stdout.write(as_text(report))
    for path, write in ((options.json, as_json), (options.html, as_html)):
        if path:
            path.write_text(write(report), encoding="utf-8")
    if report.problem:
        return 2
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())

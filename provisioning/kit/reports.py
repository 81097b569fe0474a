"""What the kit found: its mark, and how it is told on a terminal, in a file and on a page."""

import html
import json
from dataclasses import asdict, dataclass

from provisioning.kit.checks import IN_WORDS, Check, Result, State
from provisioning.kit.table import BY_NAME, CHECKS

# Since November 2026: every required check, and nine in ten of all that concern the broker. What is only
# recommended costs somebody's work by hand, not somebody's data: a broker may lack a little of it.
PASS_MARK = 90


@dataclass(frozen=True)
class Report:
    """`problem`: why nothing could be played at all, "" otherwise. `left`: instances that the kit could not
    delete behind it."""

    version: str
    results: tuple[Result, ...]
    problem: str = ""
    left: tuple[str, ...] = ()

    @property
    def score(self) -> int:
        """Checks passed, in whole percent (rounded down) of those that concern the broker."""
        counted = [one for one in self.results if one.state != State.NOT_CONCERNED]
        passed = sum(one.state == State.PASSED for one in counted)
        return 100 * passed // len(counted) if counted else 0

    @property
    def passed(self) -> bool:
        """Whether services may be opened by themselves on this report."""
        good = {State.PASSED, State.NOT_CONCERNED}
        kept = all(one.state in good for one in self.results if BY_NAME[one.name].required)
        return not self.problem and len(self.results) == len(CHECKS) and kept and self.score >= PASS_MARK

    @property
    def verdict(self) -> str:
        """In a French sentence."""
        if self.problem:
            return f"Banc d’essai arrêté : {self.problem}"
        if self.passed:
            return f"Réussi : {self.score} %. Les services peuvent s’ouvrir tout seuls."
        return f"Non réussi : {self.score} %. Il faut {PASS_MARK} % et tous les points obligatoires."


def rows(report: Report) -> list[tuple[Check, Result]]:
    """Each result with its check; those of a check that this version does not know any more are left out."""
    return [(BY_NAME[one.name], one) for one in report.results if one.name in BY_NAME]


def as_text(report: Report) -> str:
    """For a terminal."""
    lines = [f"Banc d’essai Halle, version {report.version}", ""]
    for check, result in rows(report):
        level = "obligatoire" if check.required else "conseillé"
        lines.append(f"{IN_WORDS[result.state]:<11} {check.title} ({level})")
        if result.seen:
            lines.append(f"            {result.seen}")
        if result.state == State.FAILED:
            lines.append(f"            À corriger : {check.mend}")
            lines.append(f"            Norme Open Service Broker 2.17, « {check.section} » ; {check.name}")
    if report.left:
        lines += ["", f"À supprimer de votre côté : {', '.join(report.left)}"]
    return "\n".join([*lines, "", report.verdict, ""])


def as_json(report: Report) -> str:
    """For a file, and for a program."""
    said = asdict(report) | {"score": report.score, "passed": report.passed, "verdict": report.verdict}
    return json.dumps(said, ensure_ascii=False, indent=2)


def as_html(report: Report) -> str:
    """A whole page, without anything from elsewhere."""
    lines = "".join(
        f"<tr><th scope='row'>{_text(check.title)}</th><td>{'obligatoire' if check.required else 'conseillé'}"
        f"</td><td>{IN_WORDS[result.state]}</td><td>{_text(result.seen)}"
        f"{' ' + _text(check.mend) if result.state == State.FAILED else ''}</td></tr>"
        for check, result in rows(report)
    )
    return (
        "<!doctype html><html lang='fr'><meta charset='utf-8'><title>Banc d’essai Halle</title>"
        "<style>body{font:1rem/1.5 sans-serif;margin:2rem}td,th{padding:.3rem .6rem;text-align:left;"
        "vertical-align:top;border-bottom:1px solid #888}</style>"
        f"<main><h1>Banc d’essai Halle</h1><p>{_text(report.verdict)}</p><table><thead><tr>"
        "<th scope='col'>Point</th><th scope='col'>Niveau</th><th scope='col'>Résultat</th>"
        f"<th scope='col'>Ce qui a été vu</th></tr></thead><tbody>{lines}</tbody></table></main></html>"
    )


def _text(value: str) -> str:
    return html.escape(value)

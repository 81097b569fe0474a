"""The report of a vintage, in French, for the person who will confirm it. Pure: texts out of plain values."""

import re
from collections.abc import Callable, Iterable, Iterator

from tenants.numbers import thousands
from tenants.register.changes import Changes
from tenants.register.moves import Move, PopulationMoves
from tenants.register.rows import Register

FIRST = 10  # of each section, unless all are asked for
KINDS = {
    "commune": "commune",
    "commune_deleguee": "commune déléguée",
    "commune_associee": "commune associée",
    "arrondissement_municipal": "arrondissement municipal",
    "epci": "intercommunalité",
    "ept": "établissement public territorial",
    "departement": "département",
    "region": "région",
}
# The reader's reasons, which are those of a file's maker.
REASONS = [
    (r"twice in the file: (.*)", r"déjà donné plus haut dans le fichier : \1"),
    (r"SIREN used twice: (.*)", r"SIREN déjà donné plus haut dans le fichier : \1"),
    (r"unknown kind of record", "genre de ligne inconnu"),
    (r"malformed: (.*)", r"ligne illisible : \1"),
    (r"unknown source of population: (.*)", r"source de population inconnue : \1"),
    (r"not a population: (.*)", r"ce n’est pas un nombre d’habitants : \1"),
    (r"not a SIREN: (.*)", r"SIREN faux : \1"),
    (r"not a region code: (.*)", r"code de région faux : \1"),
    (r"not a département code: (.*)", r"code de département faux : \1"),
    (r"not a (?:former )?commune code: (.*)", r"code de commune faux : \1"),
    (r"not a postcode: (.*)", r"code postal faux : \1"),
    (r"not a seat: (.*)", r"code du chef-lieu faux : \1"),
    (r"a current commune has no parent", "une commune actuelle n’est la partie d’aucune autre"),
    (r"unknown parent commune: (.*)", r"commune de rattachement absente du fichier : \1"),
    (r"unknown member commune: (.*)", r"commune membre absente du fichier : \1"),
    (r"unknown (?:region|département): (.*)", r"région ou département absent du fichier : \1"),
    (r"unknown (?:zone|kind|funding): (.*)", r"valeur inconnue : \1"),
    (r"région (.*) is not the one of département (.*)", r"la région \1 n’est pas celle du département \2"),
    (r"no member", "aucune commune membre"),
    (r"a member is named twice", "une commune membre est donnée deux fois"),
    (r"empty name", "nom vide"),
]


def reason_in_french(reason: str) -> str:
    """Why a line was set apart, in words of the person who reads the report."""
    for pattern, words in REASONS:
        if match := re.fullmatch(pattern, reason):
            return match.expand(words)
    return reason


def report(*, register: Register, changes: Changes, concerned: Iterable, every: bool) -> Iterator[str]:
    """The report's lines. `concerned` are the organisations touched (`Concerned`); `every` for
    all of each section instead of its first ten."""
    yield from _head(register, changes)
    for title, rows, line in _sections(changes):
        yield from _section(title, [line(row) for row in rows], every)
    for moves in changes.populations:
        yield from _populations(moves, every)
    if changes.details:
        yield ""
        yield f"Autres mises à jour (codes postaux, département, région) : {thousands(changes.details)}"
    yield from _section("Organisations concernées", [_organisation(row) for row in concerned], every)
    yield from _section(
        "Laissées telles quelles, leur ligne étant écartée",
        [f"{row.name} ({KINDS[row.kind]} {row.code})" for row in changes.kept],
        every,
    )
    yield from _section(
        "Lignes écartées",
        [f"ligne {row.line} : {reason_in_french(row.reason)}" for row in register.rejected],
        every,
    )


def _head(register: Register, changes: Changes) -> Iterator[str]:
    before = f"en vigueur : {changes.cog_year_before}" if changes.cog_year_before else "base vide"
    yield f"Registre {changes.cog_year} ({before})"
    yield f"Limites des communes au {changes.effective_on:%d/%m/%Y} : {register.header.credits}."
    if changes.epci_on != changes.effective_on:
        yield (
            f"Attention : les intercommunalités de ce fichier sont celles du {changes.epci_on:%d/%m/%Y}, "
            f"pas du {changes.effective_on:%d/%m/%Y}. Une intercommunalité changée depuis n’y est pas."
        )


def _sections(changes: Changes) -> list[tuple[str, list, Callable]]:
    return [
        ("Fusions", changes.mergers, _merger),
        (
            "Communes rétablies",
            changes.splits,
            lambda row: f"{row.name} ({row.code}), jusqu’ici dans {row.out_of_name} ({row.out_of})",
        ),
        (
            "Changements de nom",
            changes.renames,
            lambda row: f"{row.before} → {row.after} ({KINDS[row.kind]} {row.code})",
        ),
        (
            "Changements de code",
            changes.new_codes,
            lambda row: (
                f"{row.name} : {row.before} → {row.after}"
                + (f", et se nomme {row.name_after}" if row.name_after != row.name else "")
            ),
        ),
        (
            "Changements de SIREN",
            changes.new_sirens,
            lambda row: (
                f"{row.name} ({KINDS[row.kind]} {row.code}) : "
                f"{row.before or 'aucun'} → {row.after or 'aucun'}"
            ),
        ),
        (
            "Communes qui changent d’intercommunalité",
            changes.epci_moves,
            lambda row: (
                f"{row.name} ({row.code}) : {row.before_name or 'aucune'} → {row.after_name or 'aucune'}"
            ),
        ),
        (
            "Intercommunalités qui changent de nature",
            changes.natures,
            lambda row: f"{row.name} ({row.siren}) : {row.before} → {row.after}",
        ),
        (
            "Communes déléguées ou associées rattachées à une autre commune",
            changes.moved_parts,
            lambda row: f"{row.name} ({KINDS[row.kind]} {row.code}) : {row.before} → {row.after}",
        ),
        ("Créations", changes.created, _listed),
        ("Disparitions sans successeur", changes.ended, _listed),
    ]


def _section(title: str, lines: list[str], every: bool) -> Iterator[str]:
    if lines:
        yield ""
    yield f"{title} : {thousands(len(lines))}"
    shown = lines if every else lines[:FIRST]
    yield from (f"  - {line}" for line in shown)
    if len(shown) < len(lines):
        yield f"  … et {thousands(len(lines) - len(shown))} de plus (--all pour tout lire)"


def _merger(row) -> str:
    into = f"{row.into_name} ({row.into})"
    siren = f"SIREN {row.into_siren}" if row.into_siren else "SIREN inconnu : à donner par une personne"
    kept = ", qui garde son code" if row.keeps_code else ""
    return f"{row.name} ({row.code}) → {into}{kept} ; {siren}"


def _listed(row) -> str:
    return f"{row.name} ({KINDS[row.kind]} {row.code})"


def _organisation(row) -> str:
    match row.what:
        case "replaced" if row.into:
            state = "déjà enregistrée" if row.known else "à enregistrer"
            what = f"disparaît, reprise par {row.into} ({state})"
        case "replaced":
            what = "disparaît ; successeur sans SIREN, à désigner par une personne"
        case "closed":
            what = "disparaît sans successeur : voyez ses adhésions et ses abonnements"
        case _:
            what = "le registre lui donne un autre SIREN : à vérifier par une personne"
    return f"{row.name} ({row.siren}) : {what}"


def _populations(moves: PopulationMoves, every: bool) -> Iterator[str]:
    yield ""
    yield f"Populations – {moves.label} ({moves.kind}) : {thousands(moves.rows)} lignes"
    if moves.in_force_before is None:
        yield f"  source nouvelle, en vigueur au {moves.in_force_from:%d/%m/%Y}"
    elif moves.is_new_vintage:
        yield (
            f"  nouveau millésime : {moves.year_before} → {moves.year}, "
            f"en vigueur au {moves.in_force_from:%d/%m/%Y}"
        )
    else:
        yield f"  même millésime, en vigueur au {moves.in_force_from:%d/%m/%Y}"
    counts = [
        (moves.changed, "changent"),
        (moves.became_known, "deviennent connues"),
        (moves.became_unknown, "deviennent inconnues"),
        (moves.new, "sont nouvelles"),
        (moves.reshaped, "sont celles de communes fusionnées ou rétablies"),
    ]
    told = [f"{thousands(count)} {words}" for count, words in counts if count]
    yield f"  {', '.join(told) or 'aucune ne change'}"
    if moves.changed:
        yield "  les plus grands écarts en % :"
        yield from (_move(move) for move in (moves.biggest_percent if every else moves.biggest_percent[:5]))
        yield "  les plus grands écarts en habitants :"
        yield from (_move(move) for move in (moves.biggest_count if every else moves.biggest_count[:5]))


def _move(move: Move) -> str:
    percent = f"{move.percent:+.1f}".replace(".", ",")
    return (
        f"  - {move.name} ({move.code}) : {thousands(move.before)} → {thousands(move.after)} "
        f"({'+' if move.difference > 0 else '−'}{thousands(abs(move.difference))}, {percent} %)"
    )

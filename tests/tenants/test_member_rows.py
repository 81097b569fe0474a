"""The file of members that an operator sends: what is taken, and every reason why a row is not."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.luhn import calc_check_digit

from tenants.member_imports.rows import COLUMNS, MemberFile, MemberRow, read_members
from tenants.spreadsheets.reading import CsvProblem, read_csv
from tenants.spreadsheets.writing import rejected_as_csv

TODAY = date(2026, 11, 21)
COLLEGES = ["Communes", "Intercommunalités"]
PARIS, SIRET = "217500016", "73282932000074"
GOOD = {
    "SIRET": SIRET,
    "Collège": "Communes",
    "Date d’adhésion": "01/09/2026",
    "Date de la délibération": "2026-06-30",
    "Numéro de la délibération": "2026-041",
}


def file_of(*rows: dict[str, str]) -> bytes:
    header = list(dict.fromkeys(name for row in rows for name in row))
    lines = [header, *([row.get(name, "") for name in header] for row in rows)]
    quoted = (";".join('"{}"'.format(cell.replace('"', '""')) for cell in line) for line in lines)
    return "\r\n".join(quoted).encode()


def read(*rows: dict[str, str], **given) -> MemberFile:
    return read_members(file_of(*rows), today=TODAY, **given)


def reasons(*rows: dict[str, str], **given) -> list[str]:
    """Those of the only row refused, with ordinary spaces."""
    (rejected,) = read(*rows, **given).rejected
    return [reason.replace("\u00a0", " ").replace("\u202f", " ") for reason in rejected.reasons]


def test_a_whole_row():
    row = GOOD | {
        "Nom": "Mairie de « L’Œuf »",
        "Nature": "Commune",
        "Code service Chorus": "COMPTA-01",
        "Engagement obligatoire": "Oui",
        "Courriel": "mairie@oeuf.fr",
    }
    found = read(row)
    assert found.rejected == ()
    assert found.members == (
        MemberRow(
            line=2,
            siren=SIRET[:9],
            siret=SIRET,
            name="Mairie de « L’Œuf »",
            kind="commune",
            college="Communes",
            since=date(2026, 9, 1),
            deliberation_date=date(2026, 6, 30),
            deliberation_number="2026-041",
            service_code="COMPTA-01",
            commitment_required=True,
            email="mairie@oeuf.fr",
        ),
    )
    assert (found.file.encoding, found.file.separator) == ("UTF-8", "point-virgule")


def test_what_is_optional_may_be_missing():
    (member,) = read(GOOD).members
    assert (member.name, member.service_code, member.commitment_required, member.email) == ("", "", None, "")


def test_an_association_has_no_college_and_no_deliberation():
    (member,) = read({"SIRET": SIRET, "Date d’adhésion": "01/09/2026"}).members
    assert (member.college, member.deliberation_date, member.deliberation_number) == ("", None, "")
    blank = dict.fromkeys(["Collège", "Date de la délibération", "Numéro de la délibération", "Nature"], "")
    assert read(GOOD | blank, colleges=COLLEGES).members == (member,)


def test_only_the_adhesion_date_is_asked_for_beside_who():
    with pytest.raises(CsvProblem, match="Il manque la colonne «\u00a0Date d’adhésion\u00a0»"):
        read({"SIRET": SIRET})


@pytest.mark.parametrize(
    ("written", "kind"), [("Société publique locale", "spl"), ("ccas", "ccas"), ("GIP", "gip")]
)
def test_natures(written, kind):
    (member,) = read(GOOD | {"Nature": written}).members
    assert member.kind == kind


def test_an_unknown_nature():
    (reason,) = reasons(GOOD | {"Nature": "SARL"})
    assert reason.startswith("Nature : « SARL » n’est pas connue. Choisissez parmi « commune », ")


def test_remarks_are_not_read():
    remark = GOOD | {"SIRET": "# Exemple"}
    found = read(remark, GOOD, {"SIRET": " #"})
    assert ([member.line for member in found.members], found.rejected) == ([3], ())
    with pytest.raises(CsvProblem, match="ne contient que des exemples"):
        read(remark)


def test_a_siren_is_enough():
    row = {name: cell for name, cell in GOOD.items() if name != "SIRET"} | {"N° SIREN": "217 500 016"}
    (member,) = read(row).members
    assert (member.siren, member.siret) == (PARIS, "")


def test_siret_and_siren_together_must_agree():
    (member,) = read(GOOD | {"SIREN": SIRET[:9]}).members
    assert (member.siren, member.siret) == (SIRET[:9], SIRET)
    assert reasons(GOOD | {"SIREN": PARIS}) == [
        "Le SIRET 732 829 320 00074 n’est pas celui du SIREN 217 500 016 : ses 9 premiers chiffres devraient "
        "être les mêmes."
    ]


def test_siret_and_siren_both_wrong_are_both_said():
    first, second = reasons(GOOD | {"SIRET": "73282932000079", "SIREN": "21750001"})
    assert first.startswith("Le SIRET 732 829 320 00079 est faux")
    assert second.startswith("Ce SIREN compte 8 chiffres, il en faut 9.")


def test_neither_column():
    with pytest.raises(CsvProblem, match="Il manque la colonne «\u00a0SIRET\u00a0» "):
        read({name: cell for name, cell in GOOD.items() if name != "SIRET"})


def test_all_the_reasons_of_a_row_are_given_at_once():
    row = {
        "SIRET": "732 829 320 00079",
        "Nom": "x" * 256,
        "Collège": "Régions",
        "Date d’adhésion": "31/02/2026",
        "Date de la délibération": "hier",
        "Numéro de la délibération": "2026\x7f",
        "Engagement obligatoire": "peut-être",
        "Courriel": "mairie",
    }
    assert reasons(row, colleges=COLLEGES) == [
        "Le SIRET 732 829 320 00079 est faux : la clé de contrôle ne correspond pas, un chiffre a sans doute "
        "été mal recopié, probablement dans les 5 derniers chiffres (00079).",
        "Nom : le texte est trop long (256 caractères, 255 au plus).",
        "Numéro de la délibération : la cellule contient un retour à la ligne ou un caractère invisible, "
        "retirez-le.",
        "Collège : « Régions » n’existe pas chez vous. Choisissez parmi « Communes », « Intercommunalités ».",
        "Date d’adhésion : « 31/02/2026 » n’existe pas, février 2026 compte 28 jours.",
        "Date de la délibération : « hier » n’est pas un jour écrit comme 01/09/2026 ou 2026-09-01.",
        "Engagement obligatoire : écrivez oui ou non, pas « peut-être ».",
        "Courriel : « mairie » n’est pas une adresse complète, comme mairie@commune.fr.",
    ]


def test_a_row_without_identifier():
    assert reasons(GOOD | {"SIRET": " "}) == ["Indiquez le SIRET ou le SIREN."]


def test_a_number_that_a_spreadsheet_spoilt_is_never_repaired():
    found = read(GOOD | {"SIRET": "7,3283E+13"}, GOOD | {"SIRET": "5880034900011"[1:]})
    assert found.members == ()
    assert "format Texte" in found.rejected[0].reasons[0]


def test_the_second_row_of_an_organisation_names_the_first():
    other_establishment = "73282932000017"
    found = read(GOOD, GOOD | {"SIRET": "217500016 00019"}, GOOD | {"SIRET": other_establishment}, GOOD)
    assert [member.line for member in found.members] == [2, 3]
    assert [(row.line, len(row.reasons)) for row in found.rejected] == [(4, 1), (5, 1)]
    assert "est déjà à la ligne 2\u202f: gardez une seule des deux lignes." in found.rejected[0].reasons[0]


def test_a_row_refused_for_something_else_still_makes_the_next_a_duplicate():
    found = read(GOOD | {"Date d’adhésion": "?"}, GOOD)
    assert found.members == ()
    assert "déjà à la ligne 2" in found.rejected[1].reasons[0]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("1/9/2026", "n’est pas un jour écrit comme 01/09/2026 ou 2026-09-01."),
        ("01/09/26", "n’est pas un jour écrit comme"),
        ("46266", "n’est pas un jour écrit comme"),
        ("1er septembre 2026", "n’est pas un jour écrit comme"),
        ("2026-09-01 00:00:00", "n’est pas un jour écrit comme"),
        ("٠١/٠٩/٢٠٢٦", "n’est pas un jour écrit comme"),
        ("2026-13-01", "il n’y a pas de mois 13. Le jour s’écrit avant le mois."),
        ("09/25/2026", "il n’y a pas de mois 25"),
        ("01/00/2026", "il n’y a pas de mois 0."),
        ("31/04/2026", "avril 2026 compte 30 jours."),
        ("00/04/2026", "avril 2026 compte 30 jours."),
        ("29/02/2025", "février 2025 compte 28 jours."),
        ("31/12/1899", "est avant 1900, vérifiez l’année."),
        ("0000-01-01", "est avant 1900"),
        ("22/11/2027", "est dans plus d’un an, vérifiez l’année."),
        ("9999-12-31", "est dans plus d’un an"),
    ],
)
@pytest.mark.parametrize("column", ["Date d’adhésion", "Date de la délibération"])
def test_days_that_are_refused(column, written, reason):
    (found,) = reasons(GOOD | {column: written})
    assert found.startswith(f"{column} : « {written} » ")
    assert reason in found


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("29/02/2024", date(2024, 2, 29)),
        ("01/01/1900", date(1900, 1, 1)),
        ("21/11/2027", date(2027, 11, 21)),
        (" 2026-01-31 ", date(2026, 1, 31)),
    ],
)
def test_days_that_are_taken(written, day):
    (member,) = read(GOOD | {"Date d’adhésion": written}).members
    assert member.since == day


def test_a_year_ahead_of_the_29th_of_february():
    def taken(written):
        content = file_of(GOOD | {"Date d’adhésion": written})
        return len(read_members(content, today=date(2028, 2, 29)).members)

    assert taken("28/02/2029")
    assert not taken("01/03/2029")


@given(st.dates(date(1900, 1, 1), TODAY), st.sampled_from(["%d/%m/%Y", "%Y-%m-%d"]))
def test_every_past_day_is_taken_as_written(day, form):
    (member,) = read(GOOD | {"Date d’adhésion": day.strftime(form)}).members
    assert member.since == day


@pytest.mark.parametrize(("written", "answer"), [("oui", True), ("NON", False), ("", None)])
def test_yes_no_or_nothing(written, answer):
    (member,) = read(GOOD | {"Engagement obligatoire": written}).members
    assert member.commitment_required is answer


@pytest.mark.parametrize("written", ["o", "1", "vrai", "x"])
def test_any_other_answer_is_refused(written):
    assert reasons(GOOD | {"Engagement obligatoire": written}) == [
        f"Engagement obligatoire : écrivez oui ou non, pas « {written} »."
    ]


@pytest.mark.parametrize("written", ["Intercommunalités", "intercommunalites", "INTERCOMMUNALITÉS"])
def test_a_college_is_the_operators_own(written):
    (member,) = read(GOOD | {"Collège": written}, colleges=COLLEGES).members
    assert member.college == "Intercommunalités"


def test_colleges():
    (member,) = read(GOOD | {"Collège": "Tout autre"}).members
    assert member.college == "Tout autre"
    assert reasons(GOOD, colleges=[]) == [
        "Collège : vous n’en avez encore défini aucun. Créez d’abord vos collèges."
    ]


@pytest.mark.parametrize("text", ["Mairie\nde Paris", "Mairie\x07", "Mairie\u2028de Paris"])
def test_a_line_break_in_a_name(text):
    (reason,) = reasons(GOOD | {"Nom": text})
    assert reason.startswith("Nom : la cellule contient un retour à la ligne ou un caractère invisible")


@pytest.mark.parametrize("text", ["Ã‰lus", "L\u00e2€™Allier", "\ufffdlus"])
def test_accents_spoilt_before_the_file_was_sent(text):
    (reason,) = reasons(GOOD | {"Nom": text})
    assert reason.startswith("Nom : les accents sont abîmés")


@pytest.mark.parametrize("name", ["AÑO", "São João", "SÃO PAULO", "Ÿ", "L’Haÿ-les-Roses", "Œuilly", "Mâcon"])
def test_rare_letters_are_no_spoilt_accents(name):
    (member,) = read(GOOD | {"Nom": name}).members
    assert member.name == name


def test_rows_that_do_not_fit_come_in_order_with_the_others():
    content = file_of(GOOD, GOOD, GOOD | {"SIRET": "217500016 00019"}) + b"\r\n1;2\r\n"
    content = content.replace(b'"\r\n"732', b'"\r\n1;2\r\n"732', 1)
    found = read_members(content, today=TODAY)
    assert [member.line for member in found.members] == [3, 5]
    assert [row.line for row in found.rejected] == [2, 4, 6]


def test_rejected_rows_once_corrected_are_taken():
    found = read(GOOD | {"Date d’adhésion": "31/06/2026", "Téléphone": "+33 1 23 45 67 89"})
    again = rejected_as_csv(found.file.header, found.rejected)
    assert b"'+33" in again
    corrected = read_members(again.replace(b"31/06/2026", b"30/06/2026"), today=TODAY)
    assert [member.since for member in corrected.members] == [date(2026, 6, 30)]
    assert corrected.file.ignored == ("Téléphone", "motif")


def test_no_name_stands_for_two_columns():
    keys = [key for column in COLUMNS for key in column.keys]
    assert len(keys) == len(set(keys))
    assert all(keys)


def test_a_file_as_large_as_the_largest_operator():
    sirens = [f"{number}{calc_check_digit(str(number))}" for number in range(21_000_000, 21_035_000)]
    rest = list(GOOD.values())[1:]
    lines = [";".join(["SIREN", *list(GOOD)[1:]]), *(";".join([siren, *rest]) for siren in sirens)]
    found = read_members("\n".join(lines).encode(), today=TODAY)
    assert [member.siren for member in found.members] == sirens


@given(st.lists(st.text(max_size=20), min_size=len(COLUMNS), max_size=len(COLUMNS)))
def test_any_cells_are_taken_or_refused_with_words(cells):
    content = file_of(dict(zip((column.label for column in COLUMNS), cells, strict=True)), GOOD)
    try:
        file = read_csv(content, columns=COLUMNS)
    except CsvProblem:
        return  # a control character too many: no text
    found = read_members(content, today=TODAY)
    assert len(found.members) + len(found.rejected) == len(file.rows) + len(file.rejected)
    assert all(row.reasons for row in found.rejected)

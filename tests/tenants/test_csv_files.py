"""Uploaded CSV files: every encoding and separator that people send, and what is no CSV at all."""

import csv
import io
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tenants.spreadsheets.reading import Column, CsvFile, CsvProblem, RejectedRow, read_csv
from tenants.spreadsheets.writing import csv_bytes, rejected_as_csv, safe_cell

COLUMNS = (
    Column("siret", "SIRET", ("Code SIRET",)),
    Column("college", "Collège"),
    Column("since", "Date d’adhésion", required=False),
)
TEXT = "SIRET;Collège\r\n73282932000074;Communes de l’Allier\r\n"
CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from('";,\t|\r\n='), max_size=12)


def read(text: str | bytes, **limits) -> CsvFile:
    content = text.encode() if isinstance(text, str) else text
    return read_csv(content, columns=COLUMNS, **limits)


def problem(text: str | bytes, **limits) -> str:
    with pytest.raises(CsvProblem) as caught:
        read(text, **limits)
    assert str(caught.value) == caught.value.message
    # As the page shows it, with ordinary spaces, so that the tests can be read.
    return caught.value.message.replace("\u00a0", " ").replace("\u202f", " ")


def reasons(file: CsvFile) -> list[tuple[int, str]]:
    return [(row.line, row.reasons[0].replace("\u202f", " ")) for row in file.rejected]


def archive(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as written:
        for name in names:
            written.writestr(name, "x" * 500)
    return content.getvalue()


@pytest.mark.parametrize(
    ("codec", "said"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_the_encoding_is_found_and_said(codec, said):
    file = read(TEXT.encode(codec))
    assert file.encoding == said
    assert file.header == ("SIRET", "Collège")
    assert [row.values["college"] for row in file.rows] == ["Communes de l’Allier"]


def test_utf_16_the_other_way_round_and_latin_1():
    assert read(b"\xfe\xff" + TEXT.encode("utf-16-be")).rows[0].cells[1] == "Communes de l’Allier"
    assert read("siret;collège\n1;Élus\n".encode("latin-1")).rows[0].cells == ("1", "Élus")


@pytest.mark.parametrize(
    ("separator", "said"),
    [(";", "point-virgule"), (",", "virgule"), ("\t", "tabulation"), ("|", "barre verticale")],
)
def test_the_separator_is_found_on_the_header_and_said(separator, said):
    # The other separators are more frequent in the rows.
    row = separator.join(['"a;b,c|d\te;f,g|h\ti"', "x"])
    file = read(f"SIRET{separator}Collège\n{row}\n")
    assert file.separator == said
    assert file.rows[0].values == {"siret": "a;b,c|d\te;f,g|h\ti", "college": "x", "since": ""}


def test_separators_inside_the_names_of_other_columns_do_not_mislead():
    file = read('"Nom, prénom, titre";SIRET;Collège\nx;1;y\n')
    assert file.separator == "point-virgule"
    assert file.ignored == ("Nom, prénom, titre",)


@pytest.mark.parametrize("hint", ["sep=|", '"sep=|"', "SEP=|"])
def test_excels_own_line_about_the_separator_is_no_row(hint):
    file = read(f"{hint}\r\nSIRET|Collège\r\n1|x\r\n")
    assert file.separator == "barre verticale"
    assert file.rows[0].line == 2
    assert read("sep=\t\nSIRET\tCollège\n1\tx\n").separator == "tabulation"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(end):
    file = read(end.join(["SIRET;Collège", "1;x", "2;y"]))
    assert [(row.line, row.values["siret"]) for row in file.rows] == [(2, "1"), (3, "2")]


def test_lines_are_numbered_as_a_spreadsheet_shows_them():
    file = read('\nSIRET;Collège\n1;"x\ny\nz"\n\n;\n2;w\n3\n')
    assert [(row.line, row.values["siret"]) for row in file.rows] == [(3, "1"), (6, "2")]
    assert file.rows[0].values["college"] == "x\ny\nz"
    assert [row.line for row in file.rejected] == [7]


@pytest.mark.parametrize(
    "header", ["siret;college", "CODE SIRET;COLLÈGE", " Code_Siret ;« Collège »", "code-siret;Colle\u0300ge"]
)
def test_names_of_columns_are_read_whatever_their_case_accents_and_spaces(header):
    file = read(f"{header}\n1;x\n")
    assert file.rows[0].values == {"siret": "1", "college": "x", "since": ""}
    assert file.fields == {"siret", "college"}


def test_columns_nobody_asked_for_are_listed_and_ignored():
    file = read("Maire;SIRET;Téléphone;Collège\nx;1;y;z\n")
    assert file.ignored == ("Maire", "Téléphone")
    assert file.rows[0].values == {"siret": "1", "college": "z", "since": ""}
    assert file.rows[0].cells == ("x", "1", "y", "z")


def test_cells_are_stripped_for_reading_and_kept_for_writing_back():
    (row,) = read("SIRET;Collège\n 1\u00a0; x \n").rows
    assert row.values["siret"] == "1"
    assert row.values["college"] == "x"
    assert row.cells == (" 1\u00a0", " x ")


def test_empty_cells_beyond_the_header_are_no_matter():
    file = read("SIRET;Collège;;;\n1;x;;;\n2;y;; ;;;;\n")
    assert file.header == ("SIRET", "Collège")
    assert [row.cells for row in file.rows] == [("1", "x"), ("2", "y")]


def test_rows_that_do_not_fit_are_set_aside_with_the_reason():
    file = read("SIRET;Collège\n1;x\n2\n3;y;z\n4;w\n")
    assert [row.values["siret"] for row in file.rows] == ["1", "4"]
    assert reasons(file) == [
        (3, "Cette ligne n’a pas assez de cellules : 1 au lieu de 2."),
        (4, "Cette ligne a trop de cellules : 3 au lieu de 2."),
    ]
    assert file.rejected[1].cells == ("3", "y", "z")


def test_missing_columns_are_named_with_those_found():
    assert problem("SIRET;Nom\n1;x\n") == (
        "Il manque la colonne « Collège ». Colonnes trouvées : « SIRET », « Nom »."
    )
    assert problem("Date d'adhésion\n01/01/2026\n").startswith(
        "Il manque les colonnes « SIRET », « Collège »."
    )


def test_a_file_without_a_header_says_what_the_first_line_is_for():
    message = problem("73282932000074;Communes\n21750001600019;Communes\n")
    assert "La première ligne doit porter les noms des colonnes, par exemple « SIRET »" in message
    assert "Elle contient : « 73282932000074 », « Communes »." in message


def test_what_is_found_is_cut_short():
    message = problem(";".join(f"colonne-{number:03}-{'x' * 60}" for number in range(300)) + "\n1\n")
    assert "et 280 autres" in message
    assert len(message) < 1500


def test_a_column_given_twice():
    assert problem("Code SIRET;Collège;siret\n1;x;2\n") == (
        "La colonne « SIRET » figure 2 fois : « Code SIRET », « siret ». Gardez-en une seule."
    )


@pytest.mark.parametrize(
    "content", [b"", b" \r\n\r\n ", b"\xef\xbb\xbf", b"\xff\xfe", b";;;\n;;\n", b"sep=;\n\n"]
)
def test_an_empty_file(content):
    assert problem(content).startswith("Le fichier est vide.")


def test_a_header_alone():
    assert "n’a que sa ligne d’en-têtes (ligne 1)" in problem("SIRET;Collège\n;\n\n")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (archive("[Content_Types].xml", "xl/workbook.xml"), "un classeur Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "un classeur Excel"),
        (b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheetPK", "un classeur LibreOffice"),
        (archive("word/document.xml"), "un document de traitement de texte"),
        (archive("adherents.csv"), "une archive compressée (ZIP)"),
        (b"\x1f\x8b\x08\x00", "une archive compressée"),
        (b"%PDF-1.7\n", "un document PDF"),
        (b"\n<!DOCTYPE html><html>", "une page web"),
        (b"\xef\xbb\xbf<HTML>", "une page web"),
        (b'<?xml version="1.0"?><Workbook>', "un fichier XML"),
        (b"\x89PNG\r\n\x1a\n", "une image"),
    ],
)  # fmt: skip
def test_another_kind_of_file_is_named(content, kind):
    message = problem(content)
    assert message.startswith(f"Ce fichier est {kind}, pas un fichier CSV.")
    assert "« Enregistrer sous », puis « CSV UTF-8 »" in message


def test_letters_that_look_like_a_signature_are_no_archive():
    assert read("PK;SIRET;Collège\n1;2;x\n").ignored == ("PK",)


@pytest.mark.parametrize(
    "content", [b"SIRET;Coll\0\0ge\n1;2\n", bytes(range(32)) * 4, TEXT.encode("utf-16-le"), b"\x01\x02\x03"]
)
def test_binary_rubbish(content):
    assert problem(content).startswith("Ce fichier n’est pas un fichier texte.")


@pytest.mark.parametrize("content", [b"\xff\xfeS", b"SIRET;Coll\x8fge\n", b"\xef\xbb\xbfSIRET\xff\n"])
def test_an_unknown_encoding(content):
    assert problem(content).startswith("Le codage des caractères de ce fichier n’est pas reconnu.")


def test_two_encodings_in_one_file_would_spoil_the_names():
    content = "SIRET;Collège\n1;Élus\n".encode() + "2;Élus\n".encode("cp1252")
    assert problem(content).startswith("Le fichier mélange deux codages")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('SIRET;Collège\n1;x\n2;"y\n3;z\n', 3),
        ('SIRET;Collège\n1;"x"y\n', 2),
        ('SIRET;"Collège\n1;x\n', 1),
        ('SIRET;Collège\n1;"' + "x" * 200_000 + "\n", 2),
    ],
)
def test_a_quote_out_of_place_never_swallows_the_rows_after_it(text, line):
    assert problem(text).startswith(f'Ligne {line} : un guillemet (") est ouvert sans être refermé')


def test_a_file_too_large():
    content = TEXT.encode()
    assert read(content, max_bytes=len(content)).rows
    assert problem(content, max_bytes=len(content) - 1).startswith("Le fichier est trop lourd")
    message = problem(b"x" * (6 * 1024 * 1024 + 300_000))
    assert "(6,3 Mo, le maximum est de 5 Mo)" in message


def test_too_many_rows():
    text = "SIRET;Collège\n" + "1;x\n" * 1_999 + "1\n"
    file = read(text, max_rows=2_000)
    assert (len(file.rows), len(file.rejected)) == (1_999, 1)
    assert "plus de 1 999 lignes" in problem(text, max_rows=1_999)


@given(st.binary() | st.binary().map(lambda rest: b"SIRET;Coll\xe8ge\n" + rest))
@example(b"SIRET;Coll\xc3\xa8ge\n\xff")
def test_any_bytes_are_read_or_refused_with_words(content):
    try:
        file = read(content)
    except CsvProblem as caught:
        assert caught.message  # noqa: PT017
    else:
        assert file.rows or file.rejected


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1), st.sampled_from([";", ",", "\t", "|"]))
def test_what_a_spreadsheet_writes_is_read_back(rows, separator):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([("SIRET", "Collège"), *rows, ("1", "end")])
    file = read(text.getvalue())
    assert [row.cells for row in file.rows] == [
        *(row for row in rows if row[0].strip() or row[1].strip()),
        ("1", "end"),
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u00a0@"])
def test_nothing_written_is_taken_for_a_formula(start):
    cell = f"{start}1+1"
    assert safe_cell(cell) == f"'{cell}"
    header, row = (
        rejected_as_csv((cell,), [RejectedRow(2, (cell,), ("Faux.",))])
        .decode("utf-8-sig")
        .removesuffix("\r\n")
        .split("\r\n")
    )
    assert header.strip('"').startswith(f"'{start}")
    assert row.strip('"').startswith(f"'{start}")


@pytest.mark.parametrize("text", ["", "L’Allier", "1-2", "a=b", "'=1", "été"])
def test_any_other_text_is_written_as_it_is(text):
    assert safe_cell(text) == text


def test_a_french_spreadsheet_opens_what_is_written():
    assert csv_bytes(["Nom"], [["L’été ; oui"], ['"x"']]) == (
        b"\xef\xbb\xbf" + 'Nom\r\n"L’été ; oui"\r\n"""x"""\r\n'.encode()
    )


def test_rejected_rows_are_written_back_with_the_line_and_every_reason():
    file = read("SIRET;Collège\n1;x\n2\n3;y;z;t\n")
    content = rejected_as_csv(file.header, [*file.rejected, RejectedRow(9, ("4", "u"), ("A.", "B."))])
    written = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert [row[:-1] for row in written] == [
        ["SIRET", "Collège", "", ""],
        ["2", "", "", ""],
        ["3", "y", "z", "t"],
        ["4", "u", "", ""],
    ]
    assert written[0][-1] == "motif"
    assert written[3][-1] == "Ligne 9\u202f: A. B."


def test_the_file_of_rejected_rows_can_be_sent_again_and_again():
    first = read("SIRET;Collège\n1\n2;x\n")
    again = read(rejected_as_csv(first.header, first.rejected))
    assert again.header == ("SIRET", "Collège", "motif")
    assert again.ignored == ("motif",)
    (row,) = again.rows
    assert row.values["siret"] == "1"
    twice = read(rejected_as_csv(again.header, [RejectedRow(row.line, row.cells, ("Encore faux.",))]))
    assert twice.header == again.header
    assert twice.rows[0].cells == ("1", "", "Ligne 2\u202f: Encore faux.")

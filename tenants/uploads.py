"""What a person may join to an act: a PDF, checked before it is kept."""

MAX_BYTES = 10 * 1024 * 1024


def problem_with_pdf(file, *, what: str = "l’acte signé") -> str:
    """Why this upload of `what`, as in the middle of a sentence, is not kept, in French; "" for a PDF of at
    most 10 MB. The file is left at its start, to be stored."""
    if file is None:
        return f"Joignez {what}, au format PDF."
    if file.size > MAX_BYTES:
        return "Le fichier dépasse 10 Mo. Joignez un PDF plus léger."
    head = file.read(5)
    file.seek(0)
    if head != b"%PDF-":
        return f"Ce fichier n’est pas un PDF. Enregistrez {what} en PDF et recommencez."
    return ""

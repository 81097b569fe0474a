"""In which VAT territory a place of the register is."""

from catalog.models.vat import VatZone

_DEPARTEMENTS = {
    "2A": VatZone.CORSE, "2B": VatZone.CORSE, "971": VatZone.GUADELOUPE, "972": VatZone.MARTINIQUE,
    "973": VatZone.GUYANE, "974": VatZone.REUNION, "976": VatZone.MAYOTTE,
}  # fmt: skip
_REGIONS = {
    "01": VatZone.GUADELOUPE, "02": VatZone.MARTINIQUE, "03": VatZone.GUYANE, "04": VatZone.REUNION,
    "06": VatZone.MAYOTTE, "94": VatZone.CORSE,
}  # fmt: skip


def zone_of(*, departement: str, region: str = "") -> str:
    """By the codes of INSEE; the region counts where no département is known. "" for the other overseas
    places (975, 977, 978, 986 to 988), of which no rate is known, and where nothing is known."""
    if departement:
        known = _DEPARTEMENTS.get(departement, "")
        return known or (VatZone.METROPOLE if len(departement) == 2 else "")
    if region:
        return _REGIONS.get(region, VatZone.METROPOLE if len(region) == 2 else "")
    return ""

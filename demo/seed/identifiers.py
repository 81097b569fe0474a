"""Identifiers with sound keys for bodies that do not exist."""

from stdnum import luhn
from stdnum.iso7064 import mod_97_10


def fictional_siren(number: int) -> str:
    """A sound SIREN that begins with 001, which real ones do not. `number` is below 100 000."""
    return with_luhn(f"001{number:05d}")


def seat_siret(siren: str) -> str:
    """A seat with the first establishment number there is (0001 and its key).

    The register gives no SIRET: for a real commune the last five digits are therefore assumed.
    """
    return with_luhn(f"{siren}0001")


def with_luhn(digits: str) -> str:
    return digits + luhn.calc_check_digit(digits)


def vat_number(siren: str) -> str:
    """FR + key + SIREN, the key being (12 + 3 × (SIREN mod 97)) mod 97."""
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"


def iban(*, bank: str, branch: str, account: str) -> str:
    """A French IBAN with its two keys, the national one (RIB) and the international one."""
    digits = int("".join(_rib_digit(character) for character in account))
    key = 97 - (89 * int(bank) + 15 * int(branch) + 3 * digits) % 97
    national = f"{bank}{branch}{account}{key:02d}"
    letters = "".join(str(int(character, 36)) for character in f"{national}FR00")
    return f"FR{98 - mod_97_10.checksum(letters):02d}{national}"


def _rib_digit(character: str) -> str:
    """Letters of an account number count from 1 to 9, then again from 1, then from 2."""
    if character.isdigit():
        return character
    position = ord(character) - ord("A")
    return str(position + 1 if position < 9 else position - 8 if position < 18 else position - 16)

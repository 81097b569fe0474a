"""Which organisation the domain of an e-mail address belongs to, as its DNS has proven."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.timezone import localdate

from tenants.models import KnownDomain, Organisation

# Whoever asks has an address there: of no organisation, whatever its DNS says.
_FREE_MAIL = (
    "aliceadsl.fr aol.com aol.fr bbox.fr club-internet.fr cegetel.net dbmail.com free.fr gmail.com"
    " googlemail.com gmx.com gmx.de gmx.fr gmx.net hotmail.com hotmail.fr icloud.com ik.me infonie.fr"
    " laposte.net libertysurf.fr live.com live.fr mac.com mail.com mailo.com me.com msn.com neuf.fr"
    " noos.fr numericable.fr nordnet.fr online.fr orange.fr outlook.com outlook.fr pm.me posteo.net"
    " proton.me protonmail.ch protonmail.com sfr.fr tele2.fr tiscali.fr tutanota.com voila.fr wanadoo.fr"
    " worldonline.fr yahoo.com yahoo.fr yandex.com ymail.com zoho.com"
)
FREE_MAIL = frozenset(_FREE_MAIL.split())


def domain_of(email: str) -> str:
    """What follows the one "@", in ASCII and lower case (IDNA); "" for what is no plain address. A name that
    only becomes a domain once it is folded (full-width letters, ligatures) is none."""
    _, at, after = email.strip().rpartition("@")
    if not at or email.count("@") != 1:
        return ""
    domain = after.lower()
    if domain.isascii():
        return domain
    try:
        encoded = domain.encode("idna")
        return encoded.decode("ascii") if encoded.decode("idna") == domain else ""
    except UnicodeError:
        return ""


def is_free_mail(domain: str) -> bool:
    """Whether anybody may have an address there."""
    return domain in FREE_MAIL


def organisation_of(email: str, *, now: datetime) -> Organisation | None:
    """Whose domain this address is of, to the letter: neither above nor below it. None when nobody has proven
    it, or the organisation exists no more. One query."""
    domain = domain_of(email)
    if not domain or is_free_mail(domain):
        return None
    found = KnownDomain.objects.filter(domain=domain).select_related("organisation").first()
    return found.organisation if found and not found.organisation.is_closed(on=localdate(now)) else None


def keep_known(*, organisation: Organisation, domains: Iterable[str], now: datetime) -> None:
    """These are the proven domains of the organisation now, and no others. In the transaction that changes
    them."""
    wanted = {one for one in domains if not is_free_mail(one)}
    known = KnownDomain.objects.filter(organisation=organisation)
    known.exclude(domain__in=wanted).delete()
    new = wanted - set(known.values_list("domain", flat=True))
    KnownDomain.objects.bulk_create(
        KnownDomain(domain=one, organisation=organisation, since=now) for one in sorted(new)
    )

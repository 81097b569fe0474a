"""Each kind of person walks the running demo by its links: every page of hers is found, and none is broken.

A page that no link leads to is a page nobody finds.
"""

import os

import pytest

from tenants.models import Role
from tests.browser.crawl import Walk, walk
from tests.browser.looking import ARTEFACTS, sign_in
from tests.permissions.table import TABLE
from tests.permissions.world import ANONYMOUS, NO_MANDATE, STAFF

# With HALLE_SHOTS=1, a picture of each page on both screens: a quarter more time.
SHOTS = ARTEFACTS / "pages" if "HALLE_SHOTS" in os.environ else None

# Who walks, and what she is in the table of permissions.
VISITOR, SECRETARY = "a visitor", "Odile Brunerie"
PEOPLE = {
    VISITOR: [ANONYMOUS],
    SECRETARY: [Role.SECRETARY, Role.ORG_ADMIN],
    "Marcel Tavernas": [Role.SIGNATORY],
    "Maëlle Ordonneau": [Role.SECRETARY, Role.ORG_ADMIN],
    "Gontran Vilarel": [Role.SIGNATORY],
    "Fatou Dembrelle": [Role.CURATOR, Role.OPERATOR_FINANCE, Role.OPERATOR_ADMIN],
    "Mireille Castagnou": [Role.AUDITOR],
    "Théo Pellegarde": [Role.VENDOR_EDITOR, Role.VENDOR_ADMIN],
    "Claire Ostermane": [STAFF],
    "Jonas Villebrun": [NO_MANDATE],
}
# At an intercommunality: what it does for its communes, which the table asks of a commune. The rest is as
# at a commune.
FOR_COMMUNES = {
    "Maëlle Ordonneau": {"member_bulks", "member_bulk_new", "member_bulk"},
    "Gontran Vilarel": {"member_bulks", "member_bulk", "member_covers"},
}
PUBLIC = {row.name for row in TABLE if row.get.get(ANONYMOUS) == 200}
# A visitor reads the public pages, and a member with her own prices; anybody else only passes through them.
READ_PUBLIC = [VISITOR, SECRETARY]

# Addresses that answer 200 and are no pages that a link leads to, and why.
NO_PAGES = {
    "vendors_broker": "a file",
    "vendor_catalogue": "part of a page that renews itself",
    "vendor_kit_progress": "part of a page that renews itself",
    "commune_suggestions": "what the field of a commune suggests",
    "operator_stylesheet": "a style sheet",
    "operator_logo": "a picture",
    "picture": "a picture",
    "sheet_file": "a picture or a document",
    "hall_news_feed": "a feed",
    "organisation_seat_evidence": "a file",
    "operator_transfer_paper": "a file",
    "operator_transfer_piece": "a file",
    "operator_member_seat_evidence": "a file",
    "member_decision_file": "a file",
    "member_paper": "a file",
    "member_message_file": "a file",
    "member_access_review_csv": "a file",
    "member_certificate": "a file",
    "member_envelope_act": "a file",
    "member_amendment_act": "a file",
    "member_term_act": "a file",
    "member_payer_convention": "a file",
    "member_financed_convention": "a file",
    "member_bulk_csv": "a file",
    "member_bulk_progress": "part of a page that renews itself",
    "member_value_file": "a file",
    "member_value_review": "opens once a year of the service is over",
    "simulation_file": "a file",
    "member_invoice_file": "a file",
    "member_archive": "files",
    "member_invoice_ubl": "a file",
    "member_spending_report": "a file",
    "member_shortlist_file": "a file",
    "member_shortlist_progress": "part of a page that renews itself",
    "operator_invoice_file": "a file",
    "operator_invoice_ubl": "a file",
    "operator_invoices_archive": "files",
    "operator_run_archive": "files",
    "operator_message_file": "a file",
    "operator_exit_certificate": "a file",
    "operator_task_evidence": "a file",
    "operator_lot_paper": "a file",
    "operator_bulk_csv": "a file",
    "operator_bulk_progress": "part of a page that renews itself",
    "vendor_message_file": "a file",
    "vendor_exit_certificate": "a file",
    "operator_members_csv": "a file",
    "vendor_statement_csv": "a file",
    "operator_payers_csv": "a file",
    "operator_payer_convention": "a file",
    "operator_titres_csv": "a file",
    "operator_coverage_csv": "a file",
    "operator_simulation_csv": "a file",
    "operator_member_import_template": "a file",
    "operator_member_import_rejected": "a file",
    "organisation_audit_export": "a file",
    "member_subscription_progress": "part of a page that renews itself",
    "operator_simulation_progress": "part of a page that renews itself",
    "operator_run_progress": "part of a page that renews itself",
    "operator_member_import_progress": "part of a page that renews itself",
    "organisation_invitation": "its link is in a letter",
    "oidc_authentication_init": "leads to the identity provider",
    "my_relink": "for whoever comes back under another account",
    "relink": "its link is in a letter",
    "oidc_resume": "opens once one has proved oneself better",
    "oidc_signed_out": "the identity provider leads here",
    "services_csv": "a file",
    "operators_csv": "a file",
    "catalogue_dcat": "a file",
    "entitlements": "for services",
    "entitlements_signed": "for services",
    "usage": "for services",
    "entitlement_keys": "for services",
    "lagaufre_services": "for services",
    **{row.name: "for programs" for row in TABLE if row.name.startswith("api:")},
    "admin:index": "a library's",
    "wagtailadmin_home": "a library's",
    "styleguide": "the demo's own",
    "styleguide_communes": "the demo's own",
    "styleguide_page": "the demo's own",
}
# What differs from one example to the other, links included; and what leads on only where she has nothing.
EACH = {"member_subscription", "member_payers", "operator_payer_share"}
ASKED_FOR_ON = "service"
# What is looked for on a page, whose results lead further.
TYPED = {"territory_search": "Margerie-Chantagret"}
# An auditor may open them, and is shown no button to what she could not send.
FORMS = {
    "operator_member_new",
    "operator_member_amend",
    "operator_member_withdraw",
    "operator_member_seat",
    "operator_transfer_new",
    "operator_assistance_new",
    "operator_college",
    "operator_vehicle_new",
    "operator_vehicle_edit",
    "operator_lot_new",
    "operator_lot_edit",
    "operator_lot_publish",
    "operator_lot_amend",
    "operator_grid_new",
    "operator_grid_edit",
    "operator_grid_publish",
    "operator_coverage_write",
    "operator_term_notice",
    "operator_bulk_new",
    "operator_payer_new",
    "operator_payer_stop",
}
# What the demo has no example of, and why.
NONE_IN_THE_DEMO = {
    "member_help": "no operator acts for a commune; her first page has the form that asks",
    "member_cost_key_again": "an intercommunality's, and no cost is shared by a key",
    "member_departure": "nobody has left the commune",
    "member_agent_import": "no file was sent",
    "operator_accounts": "the operator who is walked at is a public one",
    "operator_ledger_differences": "the operator who is walked at is a public one",
    "operator_deposit": "nothing was deposited at Chorus Pro",
    "operator_drift": "no vendor has anything otherwise than agreed",
    "vendor_drift": "no vendor has anything otherwise than agreed",
    "operator_run_approve": "every run of invoices is issued",
    "operator_merger": "no commune of the year 2026 has merged",
    "operator_member_import": "no file was sent",
    "operator_member_invite": "every member has somebody who gives roles",
}


@pytest.fixture(scope="module")
def walked(browser, stack) -> Walk:
    """All the walks: each page is judged on two screens, and by axe for the first who comes."""
    found = Walk()
    for person in PEOPLE:
        # Nothing glides: what is focused is in sight at once.
        with_cookies = browser.new_context(
            viewport={"width": 1280, "height": 900}, locale="fr-FR", reduced_motion="reduce"
        )
        page = with_cookies.new_page()
        page.set_default_timeout(15_000)
        if person == VISITOR:
            page.goto(stack.url)
        else:
            sign_in(page, stack, person)
        walk(
            page,
            found,
            person=person,
            skip=NO_PAGES,
            already_read=_already_read(person, found),
            typed=TYPED,
            each=EACH | {ASKED_FOR_ON} if person == SECRETARY else EACH,
            shots=SHOTS,
        )
        with_cookies.close()
        print(f"{person}: {', '.join(found.reached[person])}")
    return found


def _already_read(person: str, found: Walk) -> set[str]:
    if person in FOR_COMMUNES:
        return PUBLIC | found.looked_at
    return set() if person in READ_PUBLIC else PUBLIC


def test_each_person_finds_each_of_her_pages(walked: Walk):
    lost = [
        f"{person}: {name}"
        for person, roles in PEOPLE.items()
        for name in _pages_of(roles, person)
        if name not in walked.reached[person]
    ]
    assert lost == []


def test_no_page_has_anything_wrong(walked: Walk):
    assert walked.problems == []


def _pages_of(roles: list[str], person: str) -> list[str]:
    """The pages that the table opens to somebody with these roles, each once."""
    if person in FOR_COMMUNES:
        return sorted(FOR_COMMUNES[person])
    pages = dict.fromkeys(
        row.name for row in TABLE if any(row.expected("get", str(role)) == 200 for role in roles)
    )
    elsewhere = {*NO_PAGES, *NONE_IN_THE_DEMO, *(() if person in READ_PUBLIC else PUBLIC)}
    if Role.AUDITOR in roles:
        elsewhere |= FORMS
    return [name for name in pages if name not in elsewhere]

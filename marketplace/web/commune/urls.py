"""Pages of a member: <siren> names the organisation (marketplace.web.access.member_view)."""

from django.urls import path

from marketplace.web.commune import (
    decisions,
    help,
    home,
    invoices,
    needs,
    opinion,
    socle,
    subscribe,
    subscriptions,
)
from marketplace.web.commune.choices import favourites, searches, shortlist, shortlists

urlpatterns = [
    path("", home.home, name="member_home"),
    path("socle/", socle.socle, name="member_socle"),
    path("abonnements/", subscriptions.subscription_list, name="member_subscriptions"),
    path("abonnements/nouveau/<int:listing>/", subscribe.subscribe, name="member_subscribe"),
    path("abonnements/<uuid:public_id>/", subscriptions.detail, name="member_subscription"),
    path("abonnements/<uuid:public_id>/suivi/", subscriptions.progress, name="member_subscription_progress"),
    path("abonnements/<uuid:public_id>/approuver/", decisions.approve, name="member_approve"),
    path("abonnements/<uuid:public_id>/refuser/", decisions.refuse, name="member_refuse"),
    path("abonnements/<uuid:public_id>/annuler/", decisions.cancel, name="member_cancel"),
    path("abonnements/<uuid:public_id>/acte.pdf", subscriptions.decision_file, name="member_decision_file"),
    path(
        "abonnements/<uuid:public_id>/projet-<slug:decider>.pdf",
        decisions.draft,
        name="member_draft_act",
    ),
    path("abonnements/<uuid:public_id>/avis/", opinion.opinion, name="member_opinion"),
    path("besoins/", needs.need_list, name="member_needs"),
    path("besoins/nouveau/", needs.new, name="member_need_new"),
    path("besoins/<uuid:public_id>/rejoindre/", needs.join, name="member_need_join"),
    path("besoins/<uuid:public_id>/quitter/", needs.leave, name="member_need_leave"),
    path("besoins/<uuid:public_id>/clore/", needs.close, name="member_need_close"),
    path("favoris/", favourites.favourite_list, name="member_favourites"),
    path("favoris/<int:listing>/", favourites.keep, name="member_favourite"),
    path("recherches/", searches.search_list, name="member_searches"),
    path("recherches/enregistrer/<slug:hall>/", searches.save, name="member_search_save"),
    path("recherches/<int:search>/", searches.change, name="member_search"),
    path("preselections/", shortlists.shortlist_list, name="member_shortlists"),
    path("preselections/ajouter/<slug:hall>/", shortlists.add, name="member_shortlist_add"),
    path("preselections/<uuid:public_id>/", shortlist.detail, name="member_shortlist"),
    path(
        "preselections/<uuid:public_id>/services/<int:listing>/",
        shortlist.item,
        name="member_shortlist_item",
    ),
    path("preselections/<uuid:public_id>/figer/", shortlist.freeze, name="member_shortlist_freeze"),
    path("preselections/<uuid:public_id>/supprimer/", shortlist.discard, name="member_shortlist_discard"),
    path("preselections/<uuid:public_id>/choisir/", shortlist.decide, name="member_shortlist_decide"),
    path("preselections/<uuid:public_id>/suivi/", shortlist.progress, name="member_shortlist_progress"),
    path("preselections/<uuid:public_id>/choix.pdf", shortlist.file, name="member_shortlist_file"),
    path("aide/", help.member_help, name="member_help"),
    path("aide/<int:assistance_id>/arreter/", help.end, name="member_help_end"),
    path("factures/", invoices.invoice_list, name="member_invoices"),
    path("factures/<uuid:public_id>/", invoices.detail, name="member_invoice"),
    path("factures/<uuid:public_id>/facture.pdf", invoices.file, name="member_invoice_file"),
]

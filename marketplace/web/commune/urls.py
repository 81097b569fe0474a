"""Pages of a member: <siren> names the organisation (marketplace.web.access.member_view)."""

from django.urls import path

from marketplace.web.commune import decisions, help, home, invoices, needs, opinion, subscribe, subscriptions

urlpatterns = [
    path("", home.home, name="member_home"),
    path("abonnements/", subscriptions.subscription_list, name="member_subscriptions"),
    path("abonnements/nouveau/<int:listing>/", subscribe.subscribe, name="member_subscribe"),
    path("abonnements/<uuid:public_id>/", subscriptions.detail, name="member_subscription"),
    path("abonnements/<uuid:public_id>/suivi/", subscriptions.progress, name="member_subscription_progress"),
    path("abonnements/<uuid:public_id>/approuver/", decisions.approve, name="member_approve"),
    path("abonnements/<uuid:public_id>/refuser/", decisions.refuse, name="member_refuse"),
    path("abonnements/<uuid:public_id>/annuler/", decisions.cancel, name="member_cancel"),
    path("abonnements/<uuid:public_id>/acte.pdf", subscriptions.decision_file, name="member_decision_file"),
    path("abonnements/<uuid:public_id>/avis/", opinion.opinion, name="member_opinion"),
    path("besoins/", needs.need_list, name="member_needs"),
    path("besoins/nouveau/", needs.new, name="member_need_new"),
    path("besoins/<uuid:public_id>/rejoindre/", needs.join, name="member_need_join"),
    path("besoins/<uuid:public_id>/quitter/", needs.leave, name="member_need_leave"),
    path("besoins/<uuid:public_id>/clore/", needs.close, name="member_need_close"),
    path("aide/", help.member_help, name="member_help"),
    path("aide/<int:assistance_id>/arreter/", help.end, name="member_help_end"),
    path("factures/", invoices.invoice_list, name="member_invoices"),
    path("factures/<uuid:public_id>/", invoices.detail, name="member_invoice"),
    path("factures/<uuid:public_id>/facture.pdf", invoices.file, name="member_invoice_file"),
]

"""Pages of a vendor: <siren> names it (marketplace.web.access.vendor_view); and the vendors' own door."""

from django.urls import include, path

from marketplace.web.vendor import (
    claims,
    connecting,
    door,
    drifts,
    duties,
    exits,
    feeds,
    messages_sent,
    needs,
    opinions,
    queue,
    requests,
    service_urls,
    services,
    statements,
    transfers,
)

# Before anybody is a vendor.
door_urlpatterns = [
    path("", door.door, name="vendors_door"),
    path("conditions/", door.terms, name="vendors_terms"),
    path("droits/", door.entitlements, name="entitlements_explained"),
    path("applications/", door.switcher, name="applications_explained"),
    path("raccorder/", connecting.explained, name="vendors_connect"),
    path("raccorder/example_broker.py", connecting.example, name="vendors_broker"),
    path("inscription/", door.apply, name="vendor_apply"),
    path("inscription/<uuid:public_id>/retirer/", door.cancel, name="vendor_apply_cancel"),
]

urlpatterns = [
    path("", services.home, name="vendor_home"),
    path("demandes/", requests.request_list, name="vendor_requests"),
    path("demandes/<uuid:public_id>/", requests.detail, name="vendor_request"),
    path("demandes/<uuid:public_id>/accord/", requests.agree, name="vendor_request_agree"),
    path("demandes/<uuid:public_id>/refus/", requests.refuse, name="vendor_request_refuse"),
    path("departs/", exits.exit_list, name="vendor_exits"),
    path("departs/<uuid:public_id>/", exits.detail, name="vendor_exit"),
    path("departs/<uuid:public_id>/prolonger/", exits.extend, name="vendor_exit_extend"),
    path("departs/<uuid:public_id>/certifier/", exits.certify, name="vendor_exit_certify"),
    path("departs/<uuid:public_id>/certificat/", exits.certificate, name="vendor_exit_certificate"),
    path("demandes/<uuid:public_id>/messages/", requests.write, name="vendor_message"),
    path(
        "demandes/<uuid:public_id>/messages/<uuid:message>/fichier/",
        requests.message_file,
        name="vendor_message_file",
    ),
    path("ouvertures/", queue.queue, name="vendor_queue"),
    path("ecarts/<int:drift>/", drifts.drift, name="vendor_drift"),
    path("messages/", messages_sent.message_list, name="vendor_messages"),
    path("messages/<int:step>/envoyer/", messages_sent.again, name="vendor_message_again"),
    path("contrats-transferes/", transfers.transfer_list, name="vendor_transfers"),
    path("releves/", statements.statement_list, name="vendor_statements"),
    path("releves/<uuid:public_id>/", statements.statement, name="vendor_statement"),
    path("releves/<uuid:public_id>/lignes.csv", statements.lines_csv, name="vendor_statement_csv"),
    path("publiccode/", feeds.feed_list, name="vendor_feeds"),
    path("publiccode/<int:feed>/lire/", feeds.read, name="vendor_feed_read"),
    path("publiccode/<int:feed>/retirer/", feeds.remove, name="vendor_feed_remove"),
    path("presentation/", duties.profile, name="vendor_profile"),
    path("conditions-et-declaration/", duties.papers, name="vendor_papers"),
    path("conditions-et-declaration/accepter/", duties.agree, name="vendor_agree"),
    path("conditions-et-declaration/declarer/", duties.declare, name="vendor_declare"),
    path("services/<slug:slug>/engagements/", claims.claim_list, name="vendor_claims"),
    path("services/<slug:slug>/engagements/<slug:topic>/", claims.claim, name="vendor_claim"),
    path(
        "services/<slug:slug>/engagements/<slug:topic>/reconduire/", claims.renew, name="vendor_claim_renew"
    ),
    path(
        "services/<slug:slug>/engagements/<slug:topic>/retirer/",
        claims.withdraw,
        name="vendor_claim_withdraw",
    ),
    path("services/", include(service_urls)),
    path("avis/", opinions.opinion_list, name="vendor_opinions"),
    path("avis/<uuid:public_id>/repondre/", opinions.answer, name="vendor_opinion_answer"),
    path("besoins/", needs.need_list, name="vendor_needs"),
    path("besoins/<uuid:public_id>/", needs.need, name="vendor_need"),
]

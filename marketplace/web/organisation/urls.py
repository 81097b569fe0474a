"""Pages about an organisation itself, whatever it is here: member, operator, vendor, or all three."""

from django.urls import path

from marketplace.web.organisation import (
    audit,
    establishments,
    home,
    invitation,
    inviting,
    joiners,
    people,
    seat_moves,
)

urlpatterns = [
    path("", home.home, name="organisation_home"),
    path("etablissements/nouveau/", establishments.new, name="organisation_establishment_new"),
    path("etablissements/<str:siret>/", establishments.change, name="organisation_establishment"),
    path("siege/", seat_moves.declare, name="organisation_seat"),
    path("siege/<uuid:move>/annuler/", seat_moves.cancel, name="organisation_seat_cancel"),
    path("siege/<uuid:move>/justificatif.pdf", seat_moves.evidence, name="organisation_seat_evidence"),
    path("personnes/", people.people_list, name="organisation_people"),
    path("personnes/inviter/", inviting.invite, name="organisation_invite"),
    path("personnes/quitter/", people.leave, name="organisation_leave"),
    path("personnes/demandes/<uuid:public_id>/", joiners.answer, name="organisation_join_answer"),
    path("personnes/<int:person>/", people.person, name="organisation_person"),
    path("personnes/<int:person>/suspendre/", people.suspend, name="organisation_person_suspend"),
    path("personnes/<int:person>/retablir/", people.restore, name="organisation_person_restore"),
    path("personnes/<int:person>/fin/", people.end, name="organisation_person_end"),
    path(
        "personnes/invitations/<uuid:public_id>/renvoyer/",
        inviting.resend,
        name="organisation_invitation_resend",
    ),
    path(
        "personnes/invitations/<uuid:public_id>/annuler/",
        inviting.cancel,
        name="organisation_invitation_cancel",
    ),
    path("invitation/<str:token>/", invitation.invitation, name="organisation_invitation"),
    path("journal/", audit.audit_log, name="organisation_audit"),
    path("journal/export/", audit.audit_export, name="organisation_audit_export"),
]

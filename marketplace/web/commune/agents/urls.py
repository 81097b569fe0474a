"""Pages about the agents of a member."""

from django.urls import path

from marketplace.web.commune.agents import (
    groups,
    importing,
    inviting,
    leaving,
    people,
    reviews,
    services,
)

urlpatterns = [
    path("", people.agent_list, name="member_agents"),
    path("inviter/", inviting.invite, name="member_agent_invite"),
    path("importer/", importing.import_list, name="member_agent_imports"),
    path("importer/<uuid:public_id>/", importing.agent_import, name="member_agent_import"),
    path("services/", services.service_list, name="member_agent_services"),
    path("groupes/", groups.group_list, name="member_agent_groups"),
    path("groupes/<int:group>/", groups.group, name="member_agent_group"),
    path("revues/", reviews.review_list, name="member_access_reviews"),
    path("revues/<uuid:public_id>/", reviews.review, name="member_access_review"),
    path("revues/<uuid:public_id>/export/", reviews.review_csv, name="member_access_review_csv"),
    path("departs/", leaving.departure_list, name="member_departures"),
    path("departs/<uuid:public_id>/", leaving.departure, name="member_departure"),
    path("<int:person>/depart/", leaving.leave, name="member_agent_leave"),
    path("<int:person>/", people.agent, name="member_agent"),
]

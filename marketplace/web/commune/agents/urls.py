"""Pages about the agents of a member."""

from django.urls import path

from marketplace.web.commune.agents import inviting, people, services

urlpatterns = [
    path("", people.agent_list, name="member_agents"),
    path("inviter/", inviting.invite, name="member_agent_invite"),
    path("services/", services.service_list, name="member_agent_services"),
    path("<int:person>/", people.agent, name="member_agent"),
]

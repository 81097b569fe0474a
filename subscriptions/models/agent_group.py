"""Groups of agents: who is in them, and what they are given together."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from subscriptions.models.access import AccessRole
from tenants.tenancy import TenantOwned


class AgentGroup(TenantOwned):
    """Agents of an organisation who use the same services: "Accueil". Once ended it has no member and gives
    nothing; it stays for what it gave."""

    name = models.CharField("nom du groupe", max_length=80)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "groupe d’agents"
        constraints = [
            models.UniqueConstraint(
                "tenant",
                Lower("name"),
                condition=Q(ended_at__isnull=True),
                name="agent_group_one_of_its_name",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="agent_group_has_a_name"),
        ]

    def __str__(self):
        return self.name


class GroupMember(TenantOwned):
    """Somebody with a mandate there is in a group."""

    group = models.ForeignKey(AgentGroup, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    put_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta(TenantOwned.Meta):
        verbose_name = "membre d’un groupe"
        constraints = [models.UniqueConstraint(fields=["group", "user"], name="group_member_once")]

    def __str__(self):
        return f"{self.user_id} dans {self.group_id}"


class GroupService(TenantOwned):
    """A group is on the list of a service: its members have this role there, save those who were given one
    by name."""

    group = models.ForeignKey(AgentGroup, on_delete=models.CASCADE, related_name="services")
    sheet = models.ForeignKey("catalog.ServiceSheet", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=AccessRole.choices, default=AccessRole.USER)
    since = models.DateTimeField()
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta(TenantOwned.Meta):
        verbose_name = "groupe sur liste"
        constraints = [models.UniqueConstraint(fields=["group", "sheet"], name="group_service_once")]

    def __str__(self):
        return f"{self.group_id} sur la liste de {self.sheet_id}"


class OfferedGroup(TenantOwned):
    """A group that somebody who is invited will be in once she accepts."""

    invitation = models.ForeignKey("tenants.Invitation", on_delete=models.CASCADE, related_name="+")
    group = models.ForeignKey(AgentGroup, on_delete=models.CASCADE, related_name="+")

    class Meta(TenantOwned.Meta):
        verbose_name = "groupe proposé"
        constraints = [
            models.UniqueConstraint(fields=["invitation", "group"], name="offered_group_once"),
        ]

    def __str__(self):
        return f"groupe proposé : {self.group_id}"

"""People and what they may do. Rights come from memberships only, never from a token's claims."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Concat


class UserManager(BaseUserManager):
    def create_user(self, *, issuer: str, sub: str, email: str = "", **fields):
        """A person met for the first time at sign-in. Has no right until a membership gives one."""
        user = self.model(
            issuer=issuer, sub=sub, subject=f"{issuer} {sub}", email=self.normalize_email(email), **fields
        )
        user.set_unusable_password()
        user.save(using=self._db)
        return user

    def create_superuser(self, **fields):
        """Platform staff: the only people who enter Wagtail and Django's administration."""
        return self.create_user(**fields, is_staff=True, is_superuser=True)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by (issuer, sub) of her identity provider; the e-mail identifies nobody."""

    issuer = models.CharField("fournisseur d’identité", max_length=255)
    sub = models.CharField("identifiant chez lui", max_length=255)
    # Django and Wagtail need one unique, editable column as a user name: the pair above, joined.
    subject = models.CharField("identifiant", max_length=511, unique=True)
    email = models.EmailField("courriel", blank=True)
    first_name = models.CharField("prénom", max_length=150, blank=True)
    last_name = models.CharField("nom", max_length=150, blank=True)
    is_staff = models.BooleanField("équipe de la plateforme", default=False)
    is_active = models.BooleanField("actif", default=True)
    date_joined = models.DateTimeField("première connexion", auto_now_add=True)
    # Set once, when what identifies the person was taken away (tenants/personal_data).
    erased_at = models.DateTimeField("effacée le", null=True, blank=True)

    objects = UserManager()

    USERNAME_FIELD = "subject"
    REQUIRED_FIELDS = ["issuer", "sub"]

    class Meta:
        verbose_name = "personne"
        constraints = [
            models.UniqueConstraint(fields=["issuer", "sub"], name="user_issuer_sub_unique"),
            models.CheckConstraint(
                condition=Q(subject=Concat("issuer", models.Value(" "), "sub")),
                name="user_subject_is_the_pair",
            ),
        ]

    def __str__(self):
        return self.get_full_name()

    def get_full_name(self) -> str:
        """First and last name, or the e-mail when the provider gave no name."""
        if self.erased_at:
            return f"Personne effacée n° {self.pk}"
        return f"{self.first_name} {self.last_name}".strip() or self.email or "Personne sans nom"

    def get_short_name(self) -> str:
        return self.first_name or self.get_full_name()


class Role(models.TextChoices):
    AGENT = "agent", "agent"
    SECRETARY = "secretary", "secrétaire"
    SIGNATORY = "signatory", "signataire (maire ou président)"
    FINANCE = "finance", "finances"
    ORG_ADMIN = "org_admin", "administrateur de la collectivité"
    VENDOR_EDITOR = "vendor_editor", "rédacteur de l’éditeur"
    VENDOR_ADMIN = "vendor_admin", "administrateur de l’éditeur"
    CURATOR = "curator", "responsable du catalogue"
    OPERATOR_FINANCE = "operator_finance", "finances de l’opérateur"
    OPERATOR_ADMIN = "operator_admin", "administrateur de l’opérateur"
    AUDITOR = "auditor", "auditeur (lit tout, ne change rien)"


class MembershipQuerySet(models.QuerySet):
    def in_force(self):
        """Mandates that give rights now: neither ended nor suspended."""
        return self.filter(ended_at__isnull=True, suspended_at__isnull=True)

    def open(self):
        """Mandates that are not ended, the suspended ones included."""
        return self.filter(ended_at__isnull=True)


class Membership(models.Model):
    """A person's role in an organisation.

    Not under row-level security: it is what the tenant scope is computed from. Always read through
    `user.memberships` or the organisation in the URL.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(
        "tenants.Organisation", on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=20, choices=Role.choices)
    since = models.DateTimeField(auto_now_add=True)
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    suspended_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = "mandat"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation", "role"],
                condition=Q(ended_at__isnull=True),
                name="membership_one_open_per_role",
            ),
        ]
        indexes = [models.Index(fields=["organisation", "role"], name="membership_organisation_role")]

    def __str__(self):
        return f"{self.user} – {self.get_role_display()} – {self.organisation}"

from django.contrib import admin

from tenants.models import User


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """Platform staff look people up; rights are memberships, given elsewhere."""

    search_fields = ["email", "last_name", "first_name"]
    list_display = ["last_name", "first_name", "email", "is_active", "is_staff"]
    exclude = ["password"]
    readonly_fields = ["issuer", "sub", "subject", "last_login"]

"""Pages about an organisation itself, whatever it is here: member, operator, vendor, or all three."""

from django.urls import path

from marketplace.web.organisation import audit

urlpatterns = [
    path("journal/", audit.audit_log, name="organisation_audit"),
    path("journal/export/", audit.audit_export, name="organisation_audit_export"),
]

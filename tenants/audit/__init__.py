"""The audit log: written by every verb, sealed by the database, read by whom it concerns."""

from tenants.audit.recording import acting_for, record, record_together

__all__ = ["acting_for", "record", "record_together"]

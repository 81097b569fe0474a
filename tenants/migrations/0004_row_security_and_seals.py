"""Row-level security of the new tables; the audit log sealed by the database, and beyond the reach of TRUNCATE."""

from django.db import migrations

from tenants.rls import AppendOnly, EnableRowSecurity

# Every column of the event, in a form that no setting of the session changes.
DIGEST = """
CREATE FUNCTION halle_audit_digest(before text, event tenants_auditevent) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT encode(sha256(convert_to(before || jsonb_build_array(
        event.id, event.tenant_id, extract(epoch FROM event.at)::text, event.actor_id, event.via_id,
        event.person_id, event.what, event.sentence, event.subject_id, event.changes, event.details
    )::text, 'UTF8')), 'hex')
$$
"""
# At commit, so that the lock is held for an instant only, and positions follow the order of commits. One lock for
# all chains: two transactions that write to the same two logs in opposite orders cannot wait for each other.
SEAL = """
CREATE FUNCTION halle_audit_seal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('halle.audit'));
    SELECT position, digest INTO last FROM tenants_auditseal
        WHERE chain = NEW.tenant_id ORDER BY position DESC LIMIT 1;
    INSERT INTO tenants_auditseal (event_id, chain, position, digest) VALUES (
        NEW.id, NEW.tenant_id, coalesce(last.position, 0) + 1,
        halle_audit_digest(coalesce(last.digest, ''), NEW)
    );
    RETURN NULL;
END $$
"""
SEAL_AT_COMMIT = """
CREATE CONSTRAINT TRIGGER audit_event_sealed AFTER INSERT ON tenants_auditevent
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION halle_audit_seal()
"""
# A seal is written by the trigger above and by nobody else.
ONLY_SEALED = """
CREATE FUNCTION halle_audit_only_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'tenants_auditseal: only the seal of an event writes here'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_seal_by_trigger_only';
    END IF;
    RETURN NEW;
END $$
"""
ONLY_SEALED_TRIGGER = """
CREATE TRIGGER audit_seal_by_trigger_only BEFORE INSERT ON tenants_auditseal
FOR EACH ROW EXECUTE FUNCTION halle_audit_only_sealed()
"""
NO_TRUNCATE = """
CREATE FUNCTION halle_audit_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: this table can never be emptied', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
END $$
"""


def _no_truncate(table):
    return migrations.RunSQL(
        f'CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON "{table}" '
        "FOR EACH STATEMENT EXECUTE FUNCTION halle_audit_no_truncate()",
        f'DROP TRIGGER {table}_no_truncate ON "{table}"',
    )


class Migration(migrations.Migration):
    dependencies = [("tenants", "0003_tenants_in_full")]

    operations = [
        *(
            EnableRowSecurity(f"tenants_{model}")
            for model in ("invitation", "assistance", "letter", "memberimport", "memberimportrow")
        ),
        migrations.RunSQL(DIGEST, "DROP FUNCTION halle_audit_digest(text, tenants_auditevent)"),
        migrations.RunSQL(SEAL, "DROP FUNCTION halle_audit_seal()"),
        migrations.RunSQL(SEAL_AT_COMMIT, "DROP TRIGGER audit_event_sealed ON tenants_auditevent"),
        migrations.RunSQL(ONLY_SEALED, "DROP FUNCTION halle_audit_only_sealed()"),
        migrations.RunSQL(ONLY_SEALED_TRIGGER, "DROP TRIGGER audit_seal_by_trigger_only ON tenants_auditseal"),
        AppendOnly("tenants_auditseal"),
        migrations.RunSQL(NO_TRUNCATE, "DROP FUNCTION halle_audit_no_truncate()"),
        _no_truncate("tenants_auditevent"),
        _no_truncate("tenants_auditseal"),
    ]

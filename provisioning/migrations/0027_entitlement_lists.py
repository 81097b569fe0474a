"""An answer to a service says too whether its organisation names who uses it, and whether she has left."""

from django.db import migrations

# Reads alone, and decides nothing: the rules are in `provisioning.entitlements.reading`. With the caller's rights,
# under row-level security: it opens the scope of those whom it found, as `tenants.tenancy.tenant_scope` does, and
# gives back the one before.
FOUND = """
DROP FUNCTION provisioning_entitlement_found;
CREATE FUNCTION provisioning_entitlement_found(
    digest_ text, siret_ text, email_ text, sub_ text, issuer_ text, today date,
    OUT key bigint, OUT last_used_on date, OUT sheet bigint, OUT slug text, OUT product bigint, OUT issuer text,
    OUT line json, OUT held json, OUT lists json
) LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    before text := coalesce(current_setting('halle.tenant_ids', true), '');
    members bigint[];
    covers bigint[];
    covering bigint[];
BEGIN
    SELECT k.id, k.last_used_on, s.id, s.slug, s.product_id, coalesce(nullif(k.issuer, ''), issuer_)
    INTO key, last_used_on, sheet, slug, product, issuer
    FROM provisioning_servicekey k JOIN catalog_servicesheet s ON s.id = k.sheet_id
    WHERE k.digest = digest_ AND k.ended_at IS NULL;
    IF key IS NULL THEN
        RETURN;
    END IF;

    -- The organisation of the SIRET, then whoever took over from it, as long as the one before is no more.
    WITH RECURSIVE heirs AS (
        SELECT o.id, o.siren, o.name, o.kind, o.territory_id, o.closed_on, o.successor_id, 0 AS step
        FROM tenants_establishment e JOIN tenants_organisation o ON o.id = e.organisation_id
        WHERE e.siret = siret_
        UNION ALL
        SELECT o.id, o.siren, o.name, o.kind, o.territory_id, o.closed_on, o.successor_id, heirs.step + 1
        FROM heirs JOIN tenants_organisation o ON o.id = heirs.successor_id
        WHERE heirs.closed_on <= today AND heirs.step < 20
    )
    SELECT array_agg(heirs.id), json_agg(json_build_array(
        heirs.id, heirs.siren, heirs.name, heirs.kind, t.code, ARRAY(
            SELECT m.role
            FROM tenants_membership m JOIN tenants_user u ON u.id = m.user_id
            WHERE m.organisation_id = heirs.id AND m.ended_at IS NULL AND m.suspended_at IS NULL AND u.is_active
                AND CASE WHEN email_ <> '' THEN upper(u.email) = upper(email_)
                    ELSE sub_ <> '' AND u.sub = sub_ AND u.issuer = provisioning_entitlement_found.issuer END
        ), EXISTS (
            SELECT FROM tenants_membership m JOIN tenants_user u ON u.id = m.user_id
            WHERE m.organisation_id = heirs.id AND m.ended_at IS NOT NULL
                AND CASE WHEN email_ <> '' THEN upper(u.email) = upper(email_)
                    ELSE sub_ <> '' AND u.sub = sub_ AND u.issuer = provisioning_entitlement_found.issuer END
        )
    ) ORDER BY heirs.step)
    INTO members, line
    FROM heirs LEFT JOIN tenants_territory t ON t.id = heirs.territory_id;
    IF members IS NULL THEN
        RETURN;
    END IF;

    PERFORM set_config('halle.tenant_ids', members::text, true);
    -- Where the service is on a list: the role that it gives to the agent, null for none.
    SELECT json_agg(json_build_array(l.tenant_id, (
        SELECT a.role FROM subscriptions_access a JOIN tenants_user u ON u.id = a.user_id
        WHERE a.tenant_id = l.tenant_id AND a.sheet_id = l.sheet_id AND a.closed_at IS NULL
            AND CASE WHEN email_ <> '' THEN upper(u.email) = upper(email_)
                ELSE sub_ <> '' AND u.sub = sub_ AND u.issuer = provisioning_entitlement_found.issuer END
        LIMIT 1
    )))
    INTO lists
    FROM subscriptions_listedservice l
    WHERE l.tenant_id = ANY (members) AND l.sheet_id = sheet;
    SELECT array_agg(c.subscription_id), array_agg(c.covering_id)
    INTO covers, covering
    FROM subscriptions_cover c
        JOIN catalog_listing l ON l.id = c.listing_id
        JOIN partner_stockrecord offer ON offer.id = l.offer_id
    WHERE c.tenant_id = ANY (members) AND offer.product_id = product
        AND c.since <= today AND (c.until IS NULL OR c.until > today);
    IF covers IS NOT NULL THEN
        PERFORM set_config('halle.tenant_ids', (members || covering)::text, true);
    END IF;

    -- Opened and not ended: their own, and those that cover one of them.
    SELECT json_agg(json_build_array(
        s.id, s.public_id, s.state, s.tenant_id, s.ended_on, s.trial_until,
        (SELECT e.erasure_from FROM subscriptions_exit e
         WHERE e.subscription_id = s.id AND e.state <> ALL (ARRAY['withdrawn', 'done', 'carried']) LIMIT 1),
        op.slug, body.name, op.contact_email, seat.siret
    ) ORDER BY s.id)
    INTO held
    FROM subscriptions_subscription s
        JOIN catalog_listing l ON l.id = s.listing_id
        JOIN partner_stockrecord offer ON offer.id = l.offer_id
        JOIN tenants_operator op ON op.id = s.operator_id
        JOIN tenants_organisation body ON body.id = op.organisation_id
        LEFT JOIN tenants_establishment seat ON seat.organisation_id = body.id AND seat.is_seat
    WHERE s.tenant_id = ANY (members || covering) AND (s.tenant_id = ANY (members) OR s.id = ANY (covers))
        AND offer.product_id = product AND s.state = ANY (ARRAY['active', 'suspended', 'terminating']);
    PERFORM set_config('halle.tenant_ids', before, true);
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0026_entitlement_found'),
        ('subscriptions', '0034_agents_accesses'),
    ]

    operations = [
        migrations.RunSQL(sql=FOUND, reverse_sql=migrations.RunSQL.noop),
    ]

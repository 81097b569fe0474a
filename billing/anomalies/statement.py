"""The one SQL statement that finds what is odd in the drafts of a run, whatever their number.

Set by set, never draft by draft: thirty-five thousand drafts are looked through in the time of a few joins.
What a person has seen stays seen while nothing of what she saw has changed.
"""

# The drafts and whom they go to, what each line bills, what was invoiced to the same members over the year
# before. Nobody has counted the rows just written, so the server expects next to none: what these sets have
# in common is found by sorting them together, never by a join that would be tried row by row.
_READ = """
WITH draft AS MATERIALIZED (
    SELECT invoice.id, invoice.tenant_id, invoice.out_of_scope, invoice.net_cents, invoice.gross_cents,
        organisation.closed_on, organisation.successor_id, place.id AS place_id,
        coalesce(place.commitment_required, false) AS wants_commitment,
        coalesce(place.service_code_required, false) AS wants_service
    FROM billing_invoice AS invoice
    JOIN tenants_organisation AS organisation ON organisation.id = invoice.tenant_id
    LEFT JOIN LATERAL (
        SELECT id, commitment_required, service_code_required FROM tenants_establishment
        WHERE organisation_id = invoice.tenant_id AND (is_seat OR seat_from <= %(today)s)
        ORDER BY seat_from NULLS LAST LIMIT 1
    ) AS place ON true
    WHERE invoice.run_id = %(run)s AND invoice.state = 'draft' AND invoice.type_code = '380'
    AND (%(tenants)s::bigint[] IS NULL OR invoice.tenant_id = ANY(%(tenants)s::bigint[]))
),
line AS MATERIALIZED (
    SELECT draft.id AS invoice_id, draft.place_id, wants_commitment, wants_service,
        entry.tenant_id, entry.subscription_id, entry.period_start,
        split_part(entry.code, '~', 1) AS code, entry.amount_cents,
        coalesce((entry.facts->'whole'->>'amount_cents')::bigint, entry.amount_cents) AS whole_cents,
        entry.facts->'vat'->>'undecided' AS undecided,
        entry.vat_category IN ('E', 'O') AND entry.vat_reason = '' AS without_reason,
        CASE WHEN entry.adjustment_id IS NULL THEN (entry.facts->>'months')::int END AS months,
        coalesce((entry.facts->'year'->>'one_off')::boolean, false) AS one_off,
        entry.facts->'year'->>'unit_price' AS unit_price,
        nullif(entry.facts->'population', 'null') AS population,
        (entry.facts->>'pooled_population')::bigint AS pooled,
        entry.facts->'share'->>'commitment_number' AS share_commitment,
        entry.facts->'share'->>'service_code' AS share_service_code,
        entry.facts ? 'share' AS is_share
    FROM draft
    JOIN billing_invoiceline AS own ON own.invoice_id = draft.id
    JOIN billing_ledgerentry AS entry ON entry.id = own.entry_id
),
earlier AS MATERIALIZED (
    SELECT entry.id, entry.tenant_id, entry.subscription_id, entry.period_start, entry.period_end,
        split_part(entry.code, '~', 1) AS code, entry.amount_cents, invoice.out_of_scope,
        CASE WHEN entry.corrects_id IS NULL AND entry.adjustment_id IS NULL
            THEN (entry.facts->>'months')::int END AS months,
        coalesce((entry.facts->'year'->>'one_off')::boolean, false) AS one_off,
        entry.facts->'year'->>'unit_price' AS unit_price,
        nullif(entry.facts->'population', 'null') AS population,
        (entry.facts->>'pooled_population')::bigint AS pooled
    FROM billing_billingrun AS run
    JOIN billing_ledgerentry AS entry ON entry.run_id = run.id
    JOIN billing_invoiceline AS own ON own.entry_id = entry.id
    JOIN billing_invoice AS invoice ON invoice.id = own.invoice_id
    WHERE run.operator_id = %(operator)s AND run.period_end > %(then_start)s
    AND invoice.state = 'issued' AND entry.period_start >= %(then_start)s AND entry.period_end <= %(start)s
    AND (%(tenants)s::bigint[] IS NULL OR entry.tenant_id = ANY(%(tenants)s::bigint[]))
),
billed_part AS MATERIALIZED (
    SELECT invoice_id, tenant_id, subscription_id, period_start, sum(amount_cents)::bigint AS cents,
        sum(whole_cents)::bigint AS whole_cents, max(months) AS months
    FROM line WHERE months IS NOT NULL AND NOT one_off
    GROUP BY invoice_id, tenant_id, subscription_id, period_start
),
comparable AS (
    SELECT invoice_id, sum(now_cents)::bigint AS cents, sum(then_cents)::bigint AS before_cents
    FROM (
        SELECT tenant_id, subscription_id, max(invoice_id) AS invoice_id, sum(now_cents) AS now_cents,
            sum(then_cents) AS then_cents
        FROM (
            SELECT tenant_id, subscription_id, invoice_id, cents AS now_cents, months AS now_months,
                NULL::bigint AS then_cents, NULL::int AS then_months
            FROM billed_part
            UNION ALL
            SELECT tenant_id, subscription_id, NULL, NULL, NULL, sum(amount_cents), max(months)
            FROM earlier WHERE period_end <= %(then_end)s AND NOT one_off
            GROUP BY tenant_id, subscription_id, period_start
        ) AS part
        GROUP BY tenant_id, subscription_id
        HAVING sum(now_months) = sum(then_months)
    ) AS pair
    GROUP BY invoice_id
),
last_known AS MATERIALIZED (
    SELECT invoice_id, subscription_id, unit_price, population, pooled,
        max(old_unit_price) OVER same AS old_unit_price, max(old_pooled) OVER same AS old_pooled,
        (array_agg(old_population) FILTER (WHERE invoice_id IS NULL) OVER same)[1] AS old_population
    FROM (
        SELECT invoice_id, tenant_id, subscription_id, code, unit_price, population, pooled,
            NULL AS old_unit_price, NULL::jsonb AS old_population, NULL::bigint AS old_pooled
        FROM line WHERE months IS NOT NULL AND (population IS NOT NULL OR pooled IS NOT NULL)
        UNION ALL (
            SELECT DISTINCT ON (tenant_id, subscription_id, code)
                NULL, tenant_id, subscription_id, code, NULL, NULL, NULL, unit_price, population, pooled
            FROM earlier WHERE months IS NOT NULL AND (population IS NOT NULL OR pooled IS NOT NULL)
            ORDER BY tenant_id, subscription_id, code, period_end DESC, id DESC
        )
    ) AS either
    WINDOW same AS (PARTITION BY tenant_id, subscription_id, code)
),
"""

# What blocks an invoice: whom it goes to, what it must bear, what it comes to.
_BLOCKING = """
reference AS (
    SELECT invoice_id, place_id, wants_commitment, wants_service,
        count(DISTINCT commitment) AS commitments, max(commitment) AS commitment,
        count(DISTINCT service) AS services, max(service) AS service
    FROM line
    JOIN subscriptions_subscription AS subscription ON subscription.id = line.subscription_id
    CROSS JOIN LATERAL (
        SELECT
            CASE WHEN is_share THEN share_commitment
                WHEN line.tenant_id = subscription.tenant_id THEN subscription.commitment_number
            END AS commitment,
            CASE WHEN is_share THEN share_service_code
                WHEN line.tenant_id = subscription.tenant_id THEN subscription.service_code
            END AS service
    ) AS said
    WHERE wants_commitment OR wants_service
    GROUP BY invoice_id, place_id, wants_commitment, wants_service
),
blocked AS (
    SELECT id AS invoice_id, 'siret' AS kind, NULL::bigint AS before_cents, NULL::bigint AS after_cents,
        '{}'::jsonb AS facts
    FROM draft WHERE place_id IS NULL
    UNION ALL
    SELECT invoice_id, 'commitment', NULL, NULL, jsonb_build_object('several', commitments > 1)
    FROM reference WHERE wants_commitment AND (commitments <> 1 OR commitment = '')
    UNION ALL
    SELECT invoice_id, 'service_code', NULL, NULL, jsonb_build_object('several', services > 1)
    FROM reference
    WHERE wants_service AND (services <> 1 OR service = '') AND NOT EXISTS (
        SELECT FROM tenants_chorusservice WHERE establishment_id = place_id AND is_default
    )
    UNION ALL
    SELECT invoice_id, 'vat', NULL, NULL, jsonb_build_object('why', string_agg(DISTINCT undecided, ' '))
    FROM line WHERE undecided IS NOT NULL OR without_reason GROUP BY invoice_id
    UNION ALL
    SELECT id, 'negative', NULL, NULL, '{}' FROM draft WHERE gross_cents < 0
),
"""

# What a person is to look at.
_ODD = """
over AS (
    SELECT DISTINCT ON (part.invoice_id) part.invoice_id, part.whole_cents AS billed, part.months,
        yearly.cents AS yearly, subscription.service_name
    FROM billed_part AS part
    JOIN subscriptions_subscription AS subscription ON subscription.id = part.subscription_id
    CROSS JOIN LATERAL (
        SELECT coalesce((
            SELECT cents_after FROM subscriptions_amendment AS amendment
            WHERE amendment.subscription_id = subscription.id AND amendment.state = 'approved'
            AND amendment.kind <> 'other' AND amendment.effective_on <= part.period_start
            AND amendment.effective_on > subscription.active_from
            ORDER BY amendment.effective_on DESC, amendment.number DESC LIMIT 1
        ), subscription.yearly_cents) AS cents
    ) AS yearly
    WHERE part.whole_cents * 12 * 100 > yearly.cents * part.months * (100 + %(over_percent)s)
    ORDER BY part.invoice_id, part.whole_cents * 12 - yearly.cents * part.months DESC
),
new_tier AS (
    SELECT DISTINCT ON (invoice_id) invoice_id, jsonb_build_object(
        'group_before', old_pooled, 'group_after', pooled,
        'price_before', old_unit_price, 'price_after', unit_price
    ) AS facts
    FROM last_known
    WHERE invoice_id IS NOT NULL AND pooled <> old_pooled AND unit_price::numeric <> old_unit_price::numeric
    ORDER BY invoice_id, subscription_id
),
new_population AS (
    SELECT DISTINCT ON (invoice_id) invoice_id,
        jsonb_build_object('before', old_population, 'after', population) AS facts
    FROM (
        SELECT *, (old_population->>'value')::bigint AS before,
            abs((population->>'value')::bigint - (old_population->>'value')::bigint) AS moved
        FROM last_known WHERE invoice_id IS NOT NULL
    ) AS pair
    WHERE population->>'kind' <> old_population->>'kind'
    OR moved > 0 AND population->>'reference_year' = old_population->>'reference_year'
    OR moved * 100 > before * %(population_percent)s
    ORDER BY invoice_id, moved DESC
),
odd AS (
    SELECT draft.id AS invoice_id, 'closed' AS kind, NULL::bigint AS before_cents,
        NULL::bigint AS after_cents,
        jsonb_build_object('since', draft.closed_on, 'successor', successor.name) AS facts
    FROM draft LEFT JOIN tenants_organisation AS successor ON successor.id = draft.successor_id
    WHERE draft.closed_on <= %(today)s
    UNION ALL
    SELECT invoice_id, 'ceiling', NULL, NULL,
        jsonb_build_object('service', service_name, 'billed', billed, 'months', months, 'yearly', yearly)
    FROM over
    UNION ALL
    SELECT invoice_id, 'changed', before_cents, cents, '{}'
    FROM comparable WHERE abs(cents - before_cents) * 100 > abs(before_cents) * %(change_percent)s
    UNION ALL
    SELECT invoice_id, 'tier', NULL, NULL, facts FROM new_tier
    UNION ALL
    SELECT invoice_id, 'population', NULL, NULL, facts FROM new_population
    UNION ALL
    SELECT id, 'zero', NULL, NULL, '{}' FROM draft WHERE gross_cents = 0
    UNION ALL
    SELECT id, 'first', NULL, NULL, '{}' FROM draft WHERE NOT EXISTS (
        SELECT FROM billing_invoice AS sent
        WHERE sent.tenant_id = draft.tenant_id AND sent.operator_id = %(operator)s AND sent.state = 'issued'
    )
),
a_year_before AS (
    SELECT id, tenant_id, net_cents, gross_cents, cents
    FROM (
        SELECT id, tenant_id, net_cents, gross_cents,
            sum(cents) OVER (PARTITION BY tenant_id, out_of_scope)::bigint AS cents
        FROM (
            SELECT id, tenant_id, out_of_scope, net_cents, gross_cents, NULL::bigint AS cents FROM draft
            UNION ALL
            SELECT NULL, tenant_id, out_of_scope, NULL, NULL, amount_cents
            FROM earlier WHERE period_end <= %(then_end)s
        ) AS either
    ) AS summed
    WHERE id IS NOT NULL
),
found AS MATERIALIZED (
    SELECT tenant_id, invoice_id, kind, blocking, facts, coalesce(before_cents, year_before) AS before_cents,
        coalesce(after_cents, net_cents) AS after_cents,
        CASE WHEN kind = 'changed' THEN abs(after_cents - before_cents) ELSE abs(gross_cents) END AS weight
    FROM (
        SELECT invoice_id, kind, blocking, facts, before_cents, after_cents,
            max(tenant_id) OVER one AS tenant_id, max(net_cents) OVER one AS net_cents,
            max(gross_cents) OVER one AS gross_cents, max(year_before) OVER one AS year_before
        FROM (
            SELECT *, true AS blocking, NULL::bigint AS tenant_id, NULL::bigint AS net_cents,
                NULL::bigint AS gross_cents, NULL::bigint AS year_before
            FROM blocked
            UNION ALL
            SELECT *, false, NULL, NULL, NULL, NULL FROM odd
            UNION ALL
            SELECT id, NULL, NULL, NULL, NULL, NULL, tenant_id, net_cents, gross_cents, cents
            FROM a_year_before
        ) AS either
        WINDOW one AS (PARTITION BY invoice_id)
    ) AS told
    WHERE kind IS NOT NULL
),
"""

# What is found no more goes; what is found otherwise is to be seen again.
_WRITE = """
gone AS (
    DELETE FROM billing_anomaly AS old
    USING billing_invoice AS invoice
    WHERE old.run_id = %(run)s AND old.kind <> 'unsound'
    AND invoice.id = old.invoice_id AND invoice.state = 'draft'
    AND (%(tenants)s::bigint[] IS NULL OR old.tenant_id = ANY(%(tenants)s::bigint[]))
    AND (old.invoice_id, old.kind) NOT IN (SELECT invoice_id, kind FROM found)
)
INSERT INTO billing_anomaly AS old
    (tenant_id, run_id, invoice_id, kind, blocking, before_cents, after_cents, weight, facts, found_at, note)
SELECT tenant_id, %(run)s, invoice_id, kind, blocking, before_cents, after_cents, weight, facts, %(now)s, ''
FROM found
ON CONFLICT (invoice_id, kind) DO UPDATE SET
    before_cents = excluded.before_cents, after_cents = excluded.after_cents, weight = excluded.weight,
    facts = excluded.facts, found_at = excluded.found_at, seen_by_id = NULL, seen_at = NULL, note = ''
WHERE (old.before_cents, old.after_cents, old.facts)
    IS DISTINCT FROM (excluded.before_cents, excluded.after_cents, excluded.facts)
"""

FIND = f"{_READ}{_BLOCKING}{_ODD}{_WRITE}"

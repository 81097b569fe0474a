"""The one SQL statement that finds what is odd in the drafts of a run, whatever their number.

Set by set, never draft by draft: thirty-five thousand drafts are looked through in the time of a few joins.
What a person has seen stays seen while nothing of what she saw has changed.
"""

# The drafts, and what each line bills; what was invoiced to the same members over the year before; what is
# billed of each subscription that was invoiced for as many months of the same period a year before.
_READ = """
WITH draft AS MATERIALIZED (
    SELECT id, tenant_id, out_of_scope, net_cents, gross_cents
    FROM billing_invoice
    WHERE run_id = %(run)s AND state = 'draft' AND type_code = '380'
    AND (%(tenants)s::bigint[] IS NULL OR tenant_id = ANY(%(tenants)s::bigint[]))
),
line AS MATERIALIZED (
    SELECT draft.id AS invoice_id, entry.tenant_id, entry.subscription_id, entry.period_start,
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
a_year_before AS (
    SELECT tenant_id, out_of_scope, sum(amount_cents)::bigint AS cents
    FROM earlier WHERE period_end <= %(then_end)s GROUP BY tenant_id, out_of_scope
),
billed_then AS (
    SELECT tenant_id, subscription_id, sum(cents)::bigint AS cents, sum(months) AS months
    FROM (
        SELECT tenant_id, subscription_id, period_start, sum(amount_cents) AS cents, max(months) AS months
        FROM earlier WHERE period_end <= %(then_end)s AND NOT one_off
        GROUP BY tenant_id, subscription_id, period_start
    ) AS part GROUP BY tenant_id, subscription_id
),
billed_part AS (
    SELECT invoice_id, tenant_id, subscription_id, period_start, sum(amount_cents)::bigint AS cents,
        sum(whole_cents)::bigint AS whole_cents, max(months) AS months
    FROM line WHERE months IS NOT NULL AND NOT one_off
    GROUP BY invoice_id, tenant_id, subscription_id, period_start
),
comparable AS (
    SELECT now.invoice_id, sum(now.cents)::bigint AS cents, sum(billed_then.cents)::bigint AS before_cents
    FROM (
        SELECT invoice_id, tenant_id, subscription_id, sum(cents) AS cents, sum(months) AS months
        FROM billed_part GROUP BY invoice_id, tenant_id, subscription_id
    ) AS now
    JOIN billed_then USING (tenant_id, subscription_id)
    WHERE now.months = billed_then.months
    GROUP BY now.invoice_id
),
last_line AS (
    SELECT DISTINCT ON (tenant_id, subscription_id, code)
        tenant_id, subscription_id, code, unit_price, population, pooled
    FROM earlier WHERE months IS NOT NULL AND (population IS NOT NULL OR pooled IS NOT NULL)
    ORDER BY tenant_id, subscription_id, code, period_end DESC, id DESC
),
"""

# What blocks an invoice: whom it goes to, what it must bear, what it comes to.
_BLOCKING = """
seat AS (
    SELECT draft.id AS invoice_id, place.id IS NOT NULL AS known, organisation.closed_on,
        successor.name AS successor, place.id AS place_id, place.commitment_required,
        place.service_code_required
    FROM draft
    JOIN tenants_organisation AS organisation ON organisation.id = draft.tenant_id
    LEFT JOIN tenants_organisation AS successor ON successor.id = organisation.successor_id
    LEFT JOIN LATERAL (
        SELECT id, commitment_required, service_code_required FROM tenants_establishment
        WHERE organisation_id = draft.tenant_id AND (is_seat OR seat_from <= %(today)s)
        ORDER BY seat_from NULLS LAST LIMIT 1
    ) AS place ON true
),
reference AS (
    SELECT line.invoice_id,
        count(DISTINCT commitment) AS commitments, max(commitment) AS commitment,
        count(DISTINCT service) AS services, max(service) AS service
    FROM seat
    JOIN line ON line.invoice_id = seat.invoice_id
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
    WHERE seat.commitment_required OR seat.service_code_required
    GROUP BY line.invoice_id
),
blocked AS (
    SELECT invoice_id, 'siret' AS kind, NULL::bigint AS before_cents, NULL::bigint AS after_cents,
        '{}'::jsonb AS facts
    FROM seat WHERE NOT known
    UNION ALL
    SELECT invoice_id, 'commitment', NULL, NULL, jsonb_build_object('several', commitments > 1)
    FROM seat JOIN reference USING (invoice_id)
    WHERE commitment_required AND (commitments <> 1 OR commitment = '')
    UNION ALL
    SELECT invoice_id, 'service_code', NULL, NULL, jsonb_build_object('several', services > 1)
    FROM seat JOIN reference USING (invoice_id)
    WHERE service_code_required AND (services <> 1 OR service = '') AND NOT EXISTS (
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
approved AS (
    SELECT amendment.subscription_id, amendment.effective_on, amendment.number, amendment.cents_after
    FROM subscriptions_amendment AS amendment
    WHERE amendment.state = 'approved' AND amendment.kind <> 'other'
    AND amendment.subscription_id IN (SELECT subscription_id FROM line)
),
over AS (
    SELECT DISTINCT ON (part.invoice_id) part.invoice_id, part.whole_cents AS billed, part.months,
        yearly.cents AS yearly, subscription.service_name
    FROM billed_part AS part
    JOIN subscriptions_subscription AS subscription ON subscription.id = part.subscription_id
    CROSS JOIN LATERAL (
        SELECT coalesce((
            SELECT cents_after FROM approved
            WHERE approved.subscription_id = subscription.id AND effective_on <= part.period_start
            AND effective_on > subscription.active_from
            ORDER BY effective_on DESC, number DESC LIMIT 1
        ), subscription.yearly_cents) AS cents
    ) AS yearly
    WHERE part.whole_cents * 12 * 100 > yearly.cents * part.months * (100 + %(over_percent)s)
    ORDER BY part.invoice_id, part.whole_cents * 12 - yearly.cents * part.months DESC
),
new_tier AS (
    SELECT DISTINCT ON (line.invoice_id) line.invoice_id, jsonb_build_object(
        'group_before', last_line.pooled, 'group_after', line.pooled,
        'price_before', last_line.unit_price, 'price_after', line.unit_price
    ) AS facts
    FROM line JOIN last_line USING (tenant_id, subscription_id, code)
    WHERE line.months IS NOT NULL AND line.pooled <> last_line.pooled
    AND line.unit_price::numeric <> last_line.unit_price::numeric
    ORDER BY line.invoice_id, line.subscription_id
),
new_population AS (
    SELECT DISTINCT ON (invoice_id) invoice_id, jsonb_build_object('before', old, 'after', new) AS facts
    FROM (
        SELECT line.invoice_id, last_line.population AS old, line.population AS new,
            (last_line.population->>'value')::bigint AS before,
            abs((line.population->>'value')::bigint - (last_line.population->>'value')::bigint) AS moved
        FROM line JOIN last_line USING (tenant_id, subscription_id, code)
        WHERE line.months IS NOT NULL
    ) AS pair
    WHERE new->>'kind' <> old->>'kind'
    OR moved > 0 AND new->>'reference_year' = old->>'reference_year'
    OR moved * 100 > before * %(population_percent)s
    ORDER BY invoice_id, moved DESC
),
odd AS (
    SELECT invoice_id, 'closed' AS kind, NULL::bigint AS before_cents, NULL::bigint AS after_cents,
        jsonb_build_object('since', closed_on, 'successor', successor) AS facts
    FROM seat WHERE closed_on <= %(today)s
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
found AS MATERIALIZED (
    SELECT draft.tenant_id, draft.id AS invoice_id, each.kind, each.blocking, each.facts,
        coalesce(each.before_cents, a_year_before.cents) AS before_cents,
        coalesce(each.after_cents, draft.net_cents) AS after_cents,
        CASE WHEN each.kind = 'changed' THEN abs(each.after_cents - each.before_cents)
            ELSE abs(draft.gross_cents) END AS weight
    FROM (SELECT *, true AS blocking FROM blocked UNION ALL SELECT *, false FROM odd) AS each
    JOIN draft ON draft.id = each.invoice_id
    LEFT JOIN a_year_before USING (tenant_id, out_of_scope)
),
"""

# What is found no more goes; what is found otherwise is to be seen again.
_WRITE = """
gone AS (
    DELETE FROM billing_anomaly AS old
    WHERE old.run_id = %(run)s AND old.kind <> 'unsound'
    AND old.invoice_id IN (SELECT id FROM draft)
    AND NOT EXISTS (SELECT FROM found WHERE found.invoice_id = old.invoice_id AND found.kind = old.kind)
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

"""Amendments of published lots: refused by the database beyond the limit of their ground, below what is ordered
or beyond four years without a reason; orders follow the terms of their day."""

import uuid
from datetime import date

import django.db.models.deletion
import subscriptions.models.lot_amendment
from django.conf import settings
from django.db import migrations, models

from tenants.rls import AppendOnly

SINCE = date(2019, 4, 1)
LIMITS = [
    ("additional", 50, "CCP R2194-3 : la moitié du montant initial, à chaque modification"),
    ("unforeseen", 50, "CCP R2194-5 et R2194-3 : la moitié du montant initial, à chaque modification"),
]


def fill(apps, schema_editor):
    ModificationLimit = apps.get_model("subscriptions", "ModificationLimit")
    for ground, percent, source in LIMITS:
        ModificationLimit.objects.create(ground=ground, percent=percent, in_force_from=SINCE, source=source)


def empty(apps, schema_editor):
    """Days are unique again without the grounds."""
    apps.get_model("subscriptions", "ModificationLimit").objects.exclude(ground="small").delete()


WITHIN_LIMITS = """
CREATE FUNCTION subscriptions_lot_amendment_within_limits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lot subscriptions_frameworklot;
    last subscriptions_lotamendment;
    before bigint;
    ends date;
    most numeric;
    eu bigint;
    added bigint;
BEGIN
    -- As an order does: of an amendment and an order at once, the second sees what the first wrote.
    SELECT * INTO lot FROM subscriptions_frameworklot WHERE id = NEW.lot_id FOR NO KEY UPDATE;
    SELECT * INTO last FROM subscriptions_lotamendment WHERE lot_id = lot.id ORDER BY number DESC LIMIT 1;
    before := coalesce(last.ceiling_cents, lot.ceiling_cents);
    ends := coalesce(last.ends_on, lot.ends_on);
    IF lot.published_on IS NULL OR NEW.effective_on >= ends THEN
        RAISE EXCEPTION 'only a published lot that is not over is amended'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_amendment_of_a_running_lot';
    END IF;
    IF NEW.number <> coalesce(last.number, 0) + 1 OR NEW.effective_on < last.effective_on THEN
        RAISE EXCEPTION 'amendments of a lot follow one another'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_amendment_follows_the_last';
    END IF;
    IF NEW.ceiling_cents < lot.ordered_cents OR NEW.ceiling_cents <= 0 THEN
        RAISE EXCEPTION 'no maximum below what is ordered'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_amendment_above_what_is_ordered';
    END IF;
    IF NEW.ends_on <= lot.starts_on
        OR (NEW.ends_on > lot.starts_on + interval '4 years' AND NEW.duration_reason = '') THEN
        RAISE EXCEPTION 'four years at most without a reason'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_amendment_lasts_four_years';
    END IF;
    IF NEW.ceiling_cents <= before THEN
        RETURN NEW;
    END IF;
    added := NEW.ceiling_cents - before;
    SELECT percent INTO most FROM subscriptions_modificationlimit
    WHERE ground = NEW.ground AND in_force_from <= NEW.made_on ORDER BY in_force_from DESC LIMIT 1;
    IF NEW.ground = 'small' THEN
        added := added + coalesce((
            SELECT sum(greatest(step, 0)) FROM (
                SELECT ground, ceiling_cents - lag(ceiling_cents, 1, lot.ceiling_cents)
                    OVER (ORDER BY number) AS step
                FROM subscriptions_lotamendment WHERE lot_id = lot.id
            ) AS steps WHERE ground = 'small'
        ), 0);
        SELECT amount_cents INTO eu FROM subscriptions_threshold
        WHERE code = 'eu' AND in_force_from <= NEW.made_on ORDER BY in_force_from DESC LIMIT 1;
    END IF;
    IF NEW.ground = 'not_substantial'
        OR (NEW.ground = 'small' AND (added * 100 >= lot.ceiling_cents * coalesce(most, 0) OR added >= eu))
        OR (NEW.ground NOT IN ('small', 'review') AND added * 100 > lot.ceiling_cents * coalesce(most, 0)) THEN
        RAISE EXCEPTION 'beyond what this ground lets a contract be modified'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_amendment_within_its_ground';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lot_amendment_within_limits BEFORE INSERT ON subscriptions_lotamendment
    FOR EACH ROW EXECUTE FUNCTION subscriptions_lot_amendment_within_limits();
"""
UNDO = """
DROP TRIGGER lot_amendment_within_limits ON subscriptions_lotamendment;
DROP FUNCTION subscriptions_lot_amendment_within_limits();
"""

ORDERS = """
CREATE OR REPLACE FUNCTION subscriptions_order_within_bounds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lot subscriptions_frameworklot;
%(declare)s    total bigint;
    threshold bigint;
BEGIN
    IF NEW.lot_id IS NOT NULL THEN
        SELECT * INTO lot FROM subscriptions_frameworklot WHERE id = NEW.lot_id FOR NO KEY UPDATE;
%(read)s        IF lot.published_on IS NULL OR NEW.placed_on < lot.starts_on OR NEW.placed_on >= %(ends)s THEN
            RAISE EXCEPTION 'no order outside the validity of a framework agreement'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'order_while_in_force';
        END IF;
        IF NOT EXISTS (
            SELECT FROM subscriptions_eligiblebuyer AS buyer
            WHERE buyer.lot_id = lot.id AND buyer.organisation_id = NEW.tenant_id
        ) THEN
            RAISE EXCEPTION 'no order by a buyer who is not named in the notice'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'order_by_a_named_buyer';
        END IF;
        IF lot.ordered_cents + NEW.amount_cents > %(ceiling)s THEN
            RAISE EXCEPTION 'no order beyond the maximum of a framework agreement'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'order_below_the_ceiling';
        END IF;
        UPDATE subscriptions_frameworklot SET ordered_cents = ordered_cents + NEW.amount_cents
        WHERE id = lot.id;
        RETURN NEW;
    END IF;
    SELECT amount_cents INTO threshold FROM subscriptions_threshold
    WHERE code = 'direct' AND in_force_from <= NEW.placed_on ORDER BY in_force_from DESC LIMIT 1;
    INSERT INTO subscriptions_directneed AS need (tenant_id, family, total_cents)
    VALUES (NEW.tenant_id, NEW.family, NEW.amount_cents)
    ON CONFLICT (tenant_id, family) DO UPDATE SET total_cents = need.total_cents + excluded.total_cents
    RETURNING total_cents INTO total;
    IF threshold IS NULL OR total >= threshold THEN
        RAISE EXCEPTION 'no direct purchase from the threshold on'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_under_the_threshold';
    END IF;
    RETURN NEW;
END $$;
"""
# The terms of the day, and no more than a lower maximum that an amendment has already set for later.
BY_DAY = {
    "declare": """    amended subscriptions_lotamendment;
    ceiling bigint;
""",
    "read": """        SELECT * INTO amended FROM subscriptions_lotamendment
        WHERE lot_id = lot.id AND effective_on <= NEW.placed_on ORDER BY number DESC LIMIT 1;
        SELECT least(coalesce(amended.ceiling_cents, lot.ceiling_cents), min(later.ceiling_cents))
        INTO ceiling FROM (
            SELECT DISTINCT ON (effective_on) ceiling_cents FROM subscriptions_lotamendment
            WHERE lot_id = lot.id AND effective_on > NEW.placed_on ORDER BY effective_on, number DESC
        ) AS later;
""",
    "ends": "coalesce(amended.ends_on, lot.ends_on)",
    "ceiling": "ceiling",
}
BY_NOTICE = {"declare": "", "read": "", "ends": "lot.ends_on", "ceiling": "lot.ceiling_cents"}


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0013_withdrawn_off_shelves'),
        ('subscriptions', '0026_longer_transitions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LotAmendment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ceiling_cents', models.BigIntegerField(verbose_name='montant maximum')),
                ('ends_on', models.DateField(verbose_name='fin de validité')),
                ('duration_reason', models.CharField(blank=True, max_length=500, verbose_name='motif d’une durée de plus de quatre ans')),
                ('renewals', models.PositiveSmallIntegerField(default=0, verbose_name='reconductions')),
                ('revision_formula', models.CharField(blank=True, max_length=300, verbose_name='formule de révision des prix')),
                ('request_key', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('number', models.PositiveSmallIntegerField()),
                ('effective_on', models.DateField(verbose_name='date d’effet')),
                ('ground', models.CharField(choices=[('review', 'clause de réexamen prévue au contrat (R2194-1)'), ('additional', 'prestations supplémentaires devenues nécessaires (R2194-2 à 4)'), ('unforeseen', 'circonstances imprévues (R2194-5)'), ('not_substantial', 'modification non substantielle (R2194-7)'), ('small', 'modification de faible montant (R2194-8 et R2194-9)')], max_length=16, verbose_name='fondement')),
                ('reason', models.CharField(max_length=500, verbose_name='motif')),
                ('paper', models.FileField(max_length=200, upload_to=subscriptions.models.lot_amendment.lot_paper_path, verbose_name='avenant signé')),
                ('made_on', models.DateField()),
            ],
            options={
                'verbose_name': 'avenant à un lot',
            },
        ),
        migrations.RemoveConstraint(
            model_name='frameworklot',
            name='framework_lot_never_beyond_its_ceiling',
        ),
        migrations.AddField(
            model_name='modificationlimit',
            name='ground',
            field=models.CharField(choices=[('review', 'clause de réexamen prévue au contrat (R2194-1)'), ('additional', 'prestations supplémentaires devenues nécessaires (R2194-2 à 4)'), ('unforeseen', 'circonstances imprévues (R2194-5)'), ('not_substantial', 'modification non substantielle (R2194-7)'), ('small', 'modification de faible montant (R2194-8 et R2194-9)')], default='small', max_length=16),
        ),
        migrations.AlterField(
            model_name='modificationlimit',
            name='in_force_from',
            field=models.DateField(verbose_name='en vigueur le'),
        ),
        migrations.AddConstraint(
            model_name='frameworklot',
            constraint=models.CheckConstraint(condition=models.Q(('ordered_cents__gte', 0)), name='framework_lot_ordered_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='modificationlimit',
            constraint=models.UniqueConstraint(fields=('ground', 'in_force_from'), name='modification_limit_once_a_day'),
        ),
        migrations.AddField(
            model_name='lotamendment',
            name='lot',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='amendments', to='subscriptions.frameworklot'),
        ),
        migrations.AddField(
            model_name='lotamendment',
            name='made_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='lotamendment',
            constraint=models.UniqueConstraint(fields=('lot', 'number'), name='lot_amendment_once_by_number'),
        ),
        migrations.AddConstraint(
            model_name='lotamendment',
            constraint=models.CheckConstraint(condition=models.Q(('effective_on__gte', models.F('made_on'))), name='lot_amendment_not_in_the_past'),
        ),
        migrations.AddConstraint(
            model_name='lotamendment',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on__gt', models.F('effective_on'))), name='lot_amendment_before_the_end'),
        ),
        migrations.AddConstraint(
            model_name='lotamendment',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='lot_amendment_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='lotamendment',
            constraint=models.CheckConstraint(condition=models.Q(('paper', ''), _negated=True), name='lot_amendment_has_a_paper'),
        ),
        AppendOnly("subscriptions_lotamendment"),
        migrations.RunSQL(sql=WITHIN_LIMITS, reverse_sql=UNDO),
        migrations.RunSQL(sql=ORDERS % BY_DAY, reverse_sql=ORDERS % BY_NOTICE),
        migrations.RunPython(fill, empty),
    ]

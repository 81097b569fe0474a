from django.db import migrations, models

# Runs of before began when they were written. The tables' owner is held by row-level security too.
WHEN_WRITTEN = """
ALTER TABLE provisioning_run NO FORCE ROW LEVEL SECURITY;
ALTER TABLE provisioning_step NO FORCE ROW LEVEL SECURITY;
UPDATE provisioning_run run SET starts_at = greatest(
    run.created_at,
    (SELECT min(step.run_after) FROM provisioning_step step
     WHERE step.run_id = run.id AND step.first_tried_at IS NULL AND run.finished_at IS NULL)
);
ALTER TABLE provisioning_step FORCE ROW LEVEL SECURITY;
ALTER TABLE provisioning_run FORCE ROW LEVEL SECURITY;
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0007_track_records")]

    operations = [
        migrations.AlterField(
            model_name="run",
            name="event",
            field=models.CharField(
                choices=[
                    ("activate", "ouverture"),
                    ("change", "modification"),
                    ("suspend", "suspension"),
                    ("resume", "réouverture"),
                    ("close", "fermeture"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="step",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "à faire"),
                    ("running", "en cours"),
                    ("waiting", "en attente de l’éditeur"),
                    ("done", "fait"),
                    ("needs_person", "demande une personne"),
                    ("moot", "sans objet"),
                ],
                default="pending",
                max_length=14,
            ),
        ),
        migrations.AddField(
            model_name="run", name="starts_at", field=models.DateTimeField(null=True)
        ),
        migrations.RunSQL(WHEN_WRITTEN, migrations.RunSQL.noop),
        migrations.AlterField(model_name="run", name="starts_at", field=models.DateTimeField()),
    ]

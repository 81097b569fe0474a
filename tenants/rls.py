"""Row-level security: one policy per tenant-owned table, written by one migration operation."""

from django.db import migrations

POLICY = "tenant_isolation"
# The inner SELECT is asked once a statement. Without it the list is read again for every row that no index
# filters: over twelve seconds to count the subscriptions of 35,000 members, against a quarter of one.
CONDITION = (
    "tenant_id = ANY ((SELECT nullif(current_setting('halle.tenant_ids', true), '')::bigint[])::bigint[])"
)


class EnableRowSecurity(migrations.RunSQL):
    """Only rows of the tenants named in `halle.tenant_ids` can be read or written.

    One policy, list-valued: a second, OR-ed policy was measured at 500 times slower. FORCE makes it
    hold for the owner of the table as well; only a role with BYPASSRLS crosses tenants.
    `nullif`: after a transaction the setting reads as an empty string, not as NULL.
    """

    def __init__(self, table: str):
        self.table = table
        super().__init__(
            sql=[
                f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
                f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
                f'CREATE POLICY {POLICY} ON "{table}" USING ({CONDITION}) WITH CHECK ({CONDITION})',
            ],
            reverse_sql=[
                f'DROP POLICY {POLICY} ON "{table}"',
                f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY',
                f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY',
            ],
        )

    def deconstruct(self):
        return (self.__class__.__name__, [self.table], {})


class AppendOnly(migrations.RunSQL):
    """The table accepts new rows only: no role, its owner included, may change or remove one.

    `unless` is an SQL condition on OLD under which a change is still allowed (an invoice may be
    edited while it is a draft).
    """

    def __init__(self, table: str, unless: str = "false"):
        self.table, self.unless = table, unless
        name = f"{table}_append_only"
        super().__init__(
            sql=[
                f"""
                CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF {unless} THEN
                        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
                    END IF;
                    RAISE EXCEPTION '{table}: this row can no longer be changed'
                        USING ERRCODE = 'restrict_violation', CONSTRAINT = '{name}';
                END $$
                """,
                f"""
                CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON "{table}"
                FOR EACH ROW EXECUTE FUNCTION {name}()
                """,
            ],
            reverse_sql=[f'DROP TRIGGER {name} ON "{table}"', f"DROP FUNCTION {name}()"],
        )

    def deconstruct(self):
        return (self.__class__.__name__, [self.table], {"unless": self.unless})

"""The analyst's role tries to write, in every way there is."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from counterfeit_ml.stack.databases import ensure_databases
from tests.stacks import superuser

IN_ANY_SCHEMA = [
    f"CREATE {kind} {schema}.mine {rest}"
    for schema in ("public", "warehouse", "pg_catalog", "pg_temp")
    for kind, rest in (
        ("TABLE", "(a int)"),
        ("TABLE", "AS SELECT 1"),
        ("VIEW", "AS SELECT 1"),
        ("SEQUENCE", ""),
        ("TYPE", "AS (a int)"),
        ("DOMAIN", "AS int"),
        ("FUNCTION", "() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
        ("PROCEDURE", "() LANGUAGE sql AS 'SELECT 1'"),
        ("AGGREGATE", "(int) (SFUNC = int4pl, STYPE = int)"),
        ("OPERATOR", "(FUNCTION = int4pl, LEFTARG = int, RIGHTARG = int)"),
    )
    if kind != "OPERATOR"
]
OTHER_OBJECTS = (
    "CREATE TEMPORARY TABLE mine (a int)",
    "SELECT 1 AS a INTO TEMPORARY mine",
    "CREATE SCHEMA mine",
    "CREATE DATABASE mine",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION file_fdw",
    "CREATE LANGUAGE plpython3u",
    "CREATE PUBLICATION mine",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION f()",
    "CREATE TRIGGER mine BEFORE INSERT ON warehouse.flag_reviews EXECUTE FUNCTION f()",
    "CREATE INDEX ON warehouse.flagged_listings (title)",
    "ALTER TABLE warehouse.flagged_listings ADD COLUMN mine int",
    "DROP TABLE warehouse.flagged_listings",
    "DROP SCHEMA warehouse CASCADE",
    "COMMENT ON TABLE warehouse.flagged_listings IS 'mine'",
    "DO $$ BEGIN LOCK TABLE warehouse.flagged_listings IN EXCLUSIVE MODE; END $$",
    "REFRESH MATERIALIZED VIEW warehouse.current_flags",
    "DO $$ BEGIN DELETE FROM warehouse.flag_reviews; END $$",
    "WITH gone AS (DELETE FROM warehouse.flag_reviews RETURNING 1) SELECT * FROM gone",
    "EXPLAIN ANALYZE DELETE FROM warehouse.flag_reviews",
    "SELECT * FROM warehouse.flagged_listings FOR UPDATE",
)
FILES_AND_PROGRAMS = (
    "COPY warehouse.flag_reviews TO PROGRAM 'id'",
    "COPY warehouse.flag_reviews FROM PROGRAM 'id'",
    "COPY (SELECT 1) TO '/tmp/counterfeit-mine'",
    "COPY warehouse.flag_reviews FROM '/etc/passwd'",
    "COPY warehouse.flag_reviews FROM STDIN",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('PG_VERSION')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_create(0)",
    "SELECT lo_creat(-1)",
    "SELECT lo_from_bytea(0, 'mine')",
    "SELECT pg_logical_emit_message(false, 'mine', 'x')",
    "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')",
    "SELECT pg_file_write('x', 'y', false)",
    "SELECT pg_switch_wal()",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "SELECT pg_promote()",
    "CHECKPOINT",
    "LOAD 'dblink'",
)
ROLES = (
    "SET ROLE platform",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION platform",
    "GRANT platform TO bi_reader",
    "ALTER DEFAULT PRIVILEGES FOR ROLE platform GRANT INSERT ON TABLES TO bi_reader",
    "CREATE ROLE mine",
    "ALTER ROLE bi_reader SUPERUSER",
    "ALTER ROLE platform PASSWORD 'mine'",
    "ALTER ROLE platform SET search_path = mine",
    "ALTER DATABASE warehouse SET search_path = mine",
    "ALTER SYSTEM SET log_statement = 'all'",
    "REASSIGN OWNED BY platform TO bi_reader",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_user_mapping",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'platform'",
    "SET session_replication_role = replica",
    "SET log_statement = 'all'",
)
RELATIONS = """
    SELECT c.oid::regclass::text, c.relkind FROM pg_class AS c
    WHERE relnamespace = 'warehouse'::regnamespace AND relkind IN ('r', 'v', 'm', 'S', 'p')
"""
CHANGES = (
    "DELETE FROM {}",
    "TRUNCATE {}",
    "UPDATE {} SET ds = ds",
    "INSERT INTO {} SELECT * FROM {}",
    "MERGE INTO {} USING (SELECT 1) AS x ON true WHEN MATCHED THEN DELETE",
)
STATE = "SELECT relname, oid::int, relfilenode::int, relacl::text FROM pg_class WHERE oid >= 16384"


@pytest.fixture(scope="module")
def reader(services) -> Iterator[psycopg.Connection]:
    with psycopg.connect(services.stack.bi_reader_uri, autocommit=True) as connection:
        # As whoever means it does first.
        connection.execute("SET default_transaction_read_only = off")
        yield connection


@pytest.fixture(scope="module")
def others(services) -> Iterator[psycopg.Connection]:
    """A session of the platform, which is there to be ended by another."""
    with psycopg.connect(services.settings.warehouse_uri.get_secret_value()) as connection:
        yield connection


@pytest.fixture(scope="module", autouse=True)
def unchanged(services) -> Iterator[None]:
    """In the end every relation is the file that it was, and there is no other."""
    with psycopg.connect(superuser(services.stack, "warehouse"), autocommit=True) as connection:
        before = connection.execute(STATE).fetchall()
        yield
        assert set(connection.execute(STATE).fetchall()) == set(before)
        assert connection.execute("SELECT * FROM pg_largeobject_metadata").fetchall() == []


def refuses(reader: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.Error) as error:
        reader.execute(statement.encode())
    kinds = (
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.UndefinedObject,
        psycopg.errors.FeatureNotSupported,
        psycopg.errors.UndefinedFunction,
        psycopg.errors.UndefinedFile,
        psycopg.errors.WrongObjectType,
        psycopg.errors.ObjectNotInPrerequisiteState,
    )
    assert isinstance(error.value, kinds), (statement, error.value)


@pytest.mark.intrusion("analyst: change a table or view", "permission denied")
@pytest.mark.parametrize("change", CHANGES)
def test_no_row_can_be_changed(reader, change):
    relations = reader.execute(RELATIONS).fetchall()
    assert len(relations) > 10
    for name, kind in relations:
        if kind != "S":
            place = sql.SQL(name)
            statement = sql.SQL(change).format(*[place] * change.count("{}")).as_string(reader)
            with pytest.raises(psycopg.Error) as error:
                reader.execute(statement.encode())
            assert not isinstance(error.value, psycopg.errors.SyntaxError)


@pytest.mark.intrusion("analyst: make tables, functions, temporary ones", "permission denied")
@pytest.mark.parametrize("statement", [*IN_ANY_SCHEMA, *OTHER_OBJECTS])
def test_nothing_can_be_made(reader, statement):
    refuses(reader, statement)


@pytest.mark.intrusion("analyst: files, programs, large objects", "permission denied")
@pytest.mark.parametrize("statement", FILES_AND_PROGRAMS)
def test_no_file_and_no_program(reader, statement):
    refuses(reader, statement)


@pytest.mark.intrusion("analyst: become another role, or grant", "permission denied")
@pytest.mark.parametrize("statement", ROLES)
def test_no_other_role(reader, others, statement):
    refuses(reader, statement)


@pytest.mark.intrusion("analyst: become another role, or grant", "permission denied")
def test_who_may_not_write_cannot_let_himself(reader):
    # Only a warning, for the role may read: `unchanged` sees that nothing came of it.
    reader.execute("GRANT DELETE ON ALL TABLES IN SCHEMA warehouse TO bi_reader")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("DELETE FROM warehouse.flag_reviews")


@pytest.mark.intrusion("analyst: the role's own password and settings", "set back by the next up")
def test_what_the_role_does_to_itself_is_mended(services, reader):
    reader.execute("ALTER ROLE bi_reader PASSWORD 'mine'")
    reader.execute("ALTER ROLE bi_reader SET search_path = mine")
    reader.execute("ALTER ROLE bi_reader SET default_transaction_read_only = off")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(services.stack.bi_reader_uri)
    ensure_databases(services.stack, f"127.0.0.1:{services.stack.postgres_port}")
    with psycopg.connect(services.stack.bi_reader_uri) as connection:
        assert connection.execute("SHOW default_transaction_read_only").fetchone() == ("on",)
        assert connection.execute("SHOW search_path").fetchone() == ('"$user", public',)

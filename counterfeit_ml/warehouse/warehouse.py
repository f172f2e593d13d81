"""A day's flags into the warehouse, and what earlier days say of sellers and pictures."""

from datetime import date

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa

from counterfeit_ml.lineage import note_written
from counterfeit_ml.warehouse.database import Database, statement
from counterfeit_ml.warehouse.flagged_day import (
    DAYS,
    FLAGS,
    FLOORS,
    SAMPLE,
    SELLERS,
    FlagChanges,
    FlaggedDay,
)
from counterfeit_ml.warehouse.schema import migrate
from counterfeit_ml.warehouse.seller_groups import seller_groups

# Any constant will do: it names the lock that lets one writer at a time replace a day. One for all
# days, for a day moves the first day of its listings in others.
FLAGS_LOCK = 5_318_008
WRITTEN = ("flagged_listings", "flagged_days", "price_floors", "review_samples", "sellers")
"""The tables that replacing a day writes."""


class Warehouse(Database):
    """The schema ``warehouse``: made, written by flagging, and read."""

    def migrate(self) -> list[str]:
        """Apply the migrations not applied yet, all of them or none; their names."""
        with self.transaction("migrating") as connection:
            return migrate(connection)

    def replace_day(self, day: date, flagged: FlaggedDay) -> FlagChanges:
        """Make ``flagged`` what the warehouse says of ``day``, in one transaction.

        Readers see the old day or the new one. A flag that did not change keeps its ``run_id``
        and ``flagged_at``. Raises ``WarehouseError``, and the old day stays.
        """
        with self.reporting("writing flags"), adbc.connect(self._uri) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock($1)", [FLAGS_LOCK])
                cursor.fetchall()
                changes = _replace_flags(cursor, day, flagged)
                days = _dated(flagged.days.cast(DAYS), day, flagged.run_id)
                _replace_rows(cursor, "flagged_days", days, day)
                _replace_rows(cursor, "price_floors", _dated(flagged.floors.cast(FLOORS), day), day)
                sample = _dated(flagged.sample.cast(SAMPLE), day, flagged.run_id)
                _replace_rows(cursor, "review_samples", sample, day)
                _stage(cursor, "staged_sellers", flagged.sellers.cast(SELLERS))
                cursor.execute(statement("note_sellers.sql"), [day])
            connection.commit()
        for table in WRITTEN:
            note_written(self.table(table))
        return changes

    def flags_of(self, day: date) -> pa.Table | None:
        """The flags of ``day`` as they stand; None where it was never flagged.

        Columns ``marketplace``, ``listing_id``, ``verdict``, ``rule_id``, ``brand``, ``title``,
        ``reasons`` (JSON) and ``risk``.
        """
        if not self.query("SELECT FROM warehouse.flagged_days WHERE ds = %s LIMIT 1", day):
            return None
        return self.read(statement("flags_of_day.sql"), day)

    def known_sellers(self, day: date) -> pa.Table:
        """The sellers, ``SELLERS``, of whom the warehouse knows that day or an earlier one."""
        return self.read(statement("known_sellers.sql"), day)

    def seller_history(self, day: date) -> pa.Table:
        """What was flagged of each seller before ``day``, as distinct listings.

        Columns ``marketplace``, ``seller_id``, ``flags_before`` (as counterfeit, not dismissed
        since) and ``confirmed_before``.
        """
        return self.read(statement("seller_history.sql"), day)

    def flagged_pictures(self, day: date) -> pa.Table:
        """Pictures of the listings flagged as counterfeit before ``day`` and not dismissed since.

        Columns ``image_sha256``, ``image_phash``, ``marketplace``, ``listing_id``; each row once.
        """
        return self.read(statement("flagged_pictures.sql"), day)


def _replace_flags(cursor: adbc.Cursor, day: date, flagged: FlaggedDay) -> FlagChanges:
    flags = flagged.flags.cast(FLAGS)
    flags = flags.append_column("seller_group", seller_groups(flags))
    columns = flags.column_names
    _stage(cursor, "staged_flags", _dated(flags, day, flagged.run_id))
    cursor.execute("CREATE TEMPORARY TABLE touched_listings (marketplace text, listing_id text)")
    cursor.execute(statement("delete_cleared_flags.sql"), [day])
    deleted = len(cursor.fetchall())
    cursor.execute(
        statement(
            "upsert_flags.sql",
            columns=", ".join(columns),
            staged=", ".join(f"staged.{name}" for name in columns),
            excluded=", ".join(f"excluded.{name}" for name in columns),
            flag=", ".join(f"flag.{name}" for name in columns),
        )
    )
    ((written,),) = cursor.fetchall()
    cursor.execute(statement("renew_first_flagged.sql"), [day])
    return FlagChanges(written, deleted, flags.num_rows)


def _replace_rows(cursor: adbc.Cursor, relation: str, table: pa.Table, day: date) -> None:
    """Make ``table`` the rows of ``day`` in one of the tables whose rows are as they came."""
    staged, columns = f"staged_{relation}", ", ".join(table.column_names)
    _stage(cursor, staged, table)
    names = {"relation": relation, "columns": columns, "staged": staged}
    cursor.execute(statement("delete_day.sql", relation=relation), [day])
    cursor.execute(statement("insert_day.sql", **names))


def _stage(cursor: adbc.Cursor, name: str, table: pa.Table) -> None:
    """Make ``table`` a temporary table with the types that the warehouse's own have."""
    cursor.adbc_ingest(name, table, mode="create", temporary=True)


def _dated(table: pa.Table, day: date, run_id: str | None = None) -> pa.Table:
    """``table`` with the column ``ds``, and ``run_id`` where given."""
    constants = {"ds": day} if run_id is None else {"ds": day, "run_id": run_id}
    for name, value in constants.items():
        table = table.append_column(name, pa.repeat(pa.scalar(value), table.num_rows))
    return table

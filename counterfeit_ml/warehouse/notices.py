"""Takedown notices, and the confirmed flags that they hand on."""

from typing import Any

import pyarrow as pa

from counterfeit_ml.warehouse.database import Database, statement


class Notices(Database):
    """``takedown_notices`` and what belongs to it; events are added, never changed."""

    def confirmed_flags(
        self,
        marketplace: str | None = None,
        seller_id: str | None = None,
        notice_id: int | None = None,
    ) -> pa.Table:
        """Each confirmed listing once, those of a seller together; ``reasons`` is JSON."""
        return self.read(statement("confirmed_flags.sql"), marketplace, seller_id, notice_id)

    def open(
        self, marketplace: str, seller_id: str, by: str, note: str | None = None
    ) -> dict[str, Any] | None:
        """Draft a notice of the seller's confirmed listings that none names yet.

        Its ``notice_id`` and number of ``listings``, or None where there are none to name.
        """
        named = {"marketplace": marketplace, "seller_id": seller_id, "by": by, "note": note}
        with self.transaction("opening a notice") as connection:
            # Else two at once would both name them.
            connection.execute("LOCK TABLE warehouse.takedown_notices IN SHARE ROW EXCLUSIVE MODE")
            return connection.execute(statement("open_notice.sql").encode(), named).fetchone()

    def set_status(self, notice_id: int, status: str, by: str, note: str | None = None) -> bool:
        """Add an event to a notice; False where there is no such notice."""
        named = {"notice_id": notice_id, "status": status, "by": by, "note": note}
        with self.transaction("setting a notice's status") as connection:
            added = connection.execute(statement("set_notice_status.sql").encode(), named)
            return added.fetchone() is not None

    def all(self) -> list[dict[str, Any]]:
        """Every notice with its last status, the newest first."""
        return self.query("SELECT * FROM warehouse.takedown_status ORDER BY notice_id DESC")

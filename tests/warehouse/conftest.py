from collections.abc import Callable

import psycopg
import pytest

from counterfeit_ml.warehouse import Warehouse


@pytest.fixture
def warehouse(own_warehouse) -> Warehouse:
    warehouse = Warehouse(own_warehouse.settings)
    warehouse.migrate()
    return warehouse


@pytest.fixture
def review(own_warehouse) -> Callable[..., None]:
    """Adds a decision to flag_reviews."""
    uri = own_warehouse.settings.warehouse_uri.get_secret_value()

    def add(listing_id: str, decision: str, **more: object) -> None:
        row = {
            "marketplace": "shop",
            "listing_id": listing_id,
            "ds": "2026-03-02",
            "decision": decision,
            "reviewed_by": "ann",
            "rule_id": "origin",
            "rules_version": "r1",
            **more,
        }
        columns = ", ".join(row)
        places = ", ".join(f"%({name})s" for name in row)
        with psycopg.connect(uri) as connection:
            connection.execute(
                f"INSERT INTO warehouse.flag_reviews ({columns}) VALUES ({places})".encode(),  # noqa: S608
                row,
            )

    return add

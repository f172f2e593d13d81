from tests.warehouse.conftest import review, warehouse

__all__ = ["review", "warehouse"]

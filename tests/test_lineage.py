from concurrent.futures import ThreadPoolExecutor

from counterfeit_ml.lake import Lake
from counterfeit_ml.lineage import note_read, recorded
from counterfeit_ml.warehouse import Database


def test_what_threads_read_and_write_is_recorded_once_each(services):
    lake = Lake(services.settings)
    with recorded() as lineage, ThreadPoolExecutor(4) as pool:
        digests = list(pool.map(lake.put_image, [b"lineage 1", b"lineage 2", b"lineage 3"]))
        list(pool.map(lake.get_image, digests))
        Database(services.settings).query("SELECT FROM warehouse.flagged_days LIMIT 1")
    warehouse = f"postgres://127.0.0.1:{services.stack.postgres_port}/warehouse/warehouse"
    assert list(lineage.read) == ["s3://counterfeit/images", f"{warehouse}/flagged_days"]
    assert list(lineage.written) == ["s3://counterfeit/images"]


def test_nothing_is_recorded_outside():
    with recorded() as lineage:
        pass
    note_read("s3://counterfeit/images")
    assert not lineage.read

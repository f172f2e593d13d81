"""The bill of materials, made of what is installed here."""

import json
import tomllib

from tools.lock import LOCK, pins
from tools.supply_chain import POLICY, bill_of_materials, licence


def test_the_bill_is_that_of_the_lock_and_the_same_each_time() -> None:
    policy = tomllib.loads(POLICY.read_text("utf-8"))
    bill = bill_of_materials(policy)
    assert json.dumps(bill) == json.dumps(bill_of_materials(policy))
    shipped = len(policy["shipped"])
    packages, others = bill["components"][:-shipped], bill["components"][-shipped:]
    assert len(packages) == len(pins(LOCK))
    assert all(_hashes(one) for one in packages)
    assert all(licence(one) for one in bill["components"])
    assert [one["name"] for one in others][:3] == ["PostgreSQL", "SeaweedFS", "Valkey"]


def _hashes(component: dict[str, object]) -> list[object]:
    references = component["externalReferences"]
    assert isinstance(references, list)
    return [one for reference in references for one in reference.get("hashes", [])]

"""The stack that is struck, between what it was given and what an undisturbed run makes of it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from counterfeit_ml.brands import load_brands
from counterfeit_ml.lake import Lake
from counterfeit_ml.registry import Registry
from counterfeit_ml.sample_marketplace import generate
from counterfeit_ml.sample_marketplace.catalogue import Catalogue, Item
from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings, airflow
from counterfeit_ml.stack.catalogue import SERVICES
from counterfeit_ml.stack.readiness import is_ready
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.training import import_labels
from counterfeit_ml.warehouse.warehouse import WRITTEN
from tests.faults import results
from tests.faults.faults import Struck
from tests.faults.runs import BY_ITSELF, DAY, LABEL_SET, Runs
from tests.faults.stages import CHAIN, LAKE, MLFLOW, RETRAIN, WAREHOUSE, Stage
from tests.proxy import Held, Proxy
from tests.stacks import CommandLine
from tests.waiting import until

LISTINGS, LABELS_PER_CLASS = 60, 16
STRUCK_SECONDS, WHOLE_SECONDS = 240, 240


class Ground(Struck):
    """Tasks reach the lake, the warehouse and MLflow by proxies, where a stage can be held."""

    def __init__(self, line: CommandLine, settings: Settings, own: StackSettings) -> None:
        super().__init__(line)
        self._stack = Stack(self.folders, settings, own)
        self._lake, self._registry = Lake(settings), Registry(settings)
        warehouse = f"postgresql://127.0.0.1:{own.postgres_port}"
        addresses = {
            LAKE: settings.lake_endpoint,
            WAREHOUSE: warehouse,
            MLFLOW: settings.mlflow_uri,
        }
        self._proxies = {service: Proxy(address) for service, address in addresses.items()}
        self._source = ""

    def prepare(self, shop: Path) -> None:
        """A champion, and what an undisturbed day leaves."""
        self._source = str(_draw(shop))
        brands = load_brands(self._stack.settings.config_dir)
        import_labels(self._lake, brands, shop / "labels", LABEL_SET)
        self._connect()
        runs = self._runs()
        runs.only_ours()
        assert runs.finish(runs.start(RETRAIN), (RETRAIN,)) == BY_ITSELF
        self._first = self._registry.champion()
        self._found = results.objects(self._lake, results.is_of_a_day)
        assert runs.finish(runs.start(CHAIN[0]), CHAIN) == BY_ITSELF
        self._left = results.objects(self._lake, results.is_of_a_day)
        self.undisturbed_day = self.day()

    def day(self) -> dict[str, Any]:
        """What a day leaves for people: objects and rows."""
        objects = results.objects(self._lake, results.is_published)
        return {"objects": objects, "rows": results.rows(self._stack.settings)}

    def champion(self) -> dict[str, Any]:
        return results.champion(self._registry)

    @cached_property
    def undisturbed_champion(self) -> dict[str, Any]:
        """What comes of a retraining against the first champion."""
        self._put_back(RETRAIN)
        runs = self._runs()
        assert runs.finish(runs.start(RETRAIN), (RETRAIN,)) == BY_ITSELF
        return self.champion()

    def disturbed(self, stage: Stage, fault: Callable[[Struck], None]) -> str:
        """Run the DAGs of the stage, strike in its midst, and say how it came to its end."""
        self._put_back(stage.dag_id)
        runs = self._runs()
        try:
            with self._held(stage) as held:
                run = runs.start(stage.dag_id)
                assert held.reached.wait(STRUCK_SECONDS), f"{stage} never came to its work"
                fault(self)
            return runs.finish(run, stage.dag_ids)
        finally:
            self.over()
            self._make_whole()

    @contextmanager
    def _held(self, stage: Stage) -> Iterator[Held]:
        held = self._proxies[stage.service].hold(stage.words)
        try:
            yield held
        finally:
            held.released.set()

    def _put_back(self, dag_id: str) -> None:
        """Leave to a DAG what it finds, and nothing of what it and those behind it make."""
        self._runs().cancel()
        found = self._found
        if dag_id in CHAIN[1:]:
            made = results.made_from(dag_id)
            found = {key: data for key, data in self._left.items() if not key.startswith(made)}
        results.put_back(self._lake, found)
        results.empty(self._stack.settings, WRITTEN)
        results.crown(self._registry, self._first)

    def _make_whole(self) -> None:
        """All services up: by themselves, or by a person where there is nobody to see to them."""
        if not self.supervisor.runs():
            self.line.up()
        until(self._is_whole, WHOLE_SECONDS, pause=1)
        self._connect()

    def _is_whole(self) -> bool:
        states = {name: self.supervisor.process(name) for name in SERVICES}
        return all(is_ready(self._stack, SERVICES[name], state) for name, state in states.items())

    def _connect(self) -> None:
        """Lead the tasks through the proxies, as `counterfeit up` leads them to the services."""
        settings, warehouse = self._stack.settings, self._proxies[WAREHOUSE]
        uri = settings.warehouse_uri.get_secret_value()
        through = uri.replace(f":{self._stack.own.postgres_port}/", f":{warehouse.port}/")
        changes = {
            "lake_endpoint": self._proxies[LAKE].url,
            "warehouse_uri": SecretStr(through),
            "mlflow_uri": self._proxies[MLFLOW].url,
        }
        changed = settings.model_copy(update=changes)
        airflow.ensure_objects(replace(self._stack, settings=changed))

    def _runs(self) -> Runs:
        return Runs(self._stack.own, self._source)


def _draw(shop: Path) -> Path:
    """The sample marketplace, a small one, and what it sells as a feed."""
    generate(shop, LISTINGS, LABELS_PER_CLASS)
    feed = shop / "listings.jsonl"
    lines = (f"{json.dumps(_record(item))}\n" for item in Catalogue.read(shop).items)
    feed.write_text("".join(lines), encoding="utf-8")
    return feed


def _record(item: Item) -> dict[str, Any]:
    return {
        "listing_id": item.listing_id,
        "url": f"https://shop.example/item/{item.listing_id}",
        "title": item.title,
        "price": item.price.text,
        "currency": item.price.currency,
        "seller_id": item.seller_id,
        "condition": item.condition,
        "image": f"images/{item.image}",
        "scraped_at": f"{DAY}T00:00:00Z",
    }

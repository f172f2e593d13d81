"""Generates the sample marketplace: pictures, catalogue, truth and labelled training pictures."""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import PIL

from counterfeit_ml.brands import NO_LOGO, Brand, load_brands
from counterfeit_ml.errors import ConfigError
from counterfeit_ml.progress import track
from counterfeit_ml.sample_marketplace.catalogue import SALE, Catalogue, Item
from counterfeit_ml.sample_marketplace.listings import (
    CATEGORIES,
    Truth,
    brand_plan,
    picture_plan,
    sellers,
    write_listing,
)
from counterfeit_ml.sample_marketplace.marks import STYLES
from counterfeit_ml.sample_marketplace.pictures import draw_picture
from counterfeit_ml.sample_marketplace.rot import JPEG_TYPE, ROTS, StoredPicture
from counterfeit_ml.settings import ROOT

MARKER_FILE, TRUTH_FILE = "complete.json", "truth.jsonl"
SHOP_NAME = "Second Street Market"
LISTINGS_A_ROT = 160
"""One listing in this many is spoiled by each kind of rot, yet at least two."""
DRAWERS = 2
GONE = ("SM-90001", "SM-90002")


@dataclass(frozen=True)
class SampleMarketplace:
    """A generated marketplace; ``sound`` listings can be scored, the others must be refused."""

    directory: Path
    listings: int
    sound: int
    counterfeits: int
    labels: int

    @property
    def labels_dir(self) -> Path:
        """Training pictures, one folder a class."""
        return self.directory / "labels"

    @property
    def truth_file(self) -> Path:
        """What each listing really is, one JSON object a line."""
        return self.directory / TRUTH_FILE


def generate(
    directory: Path, listings: int = 640, labels_per_class: int = 60, seed: int = 2018
) -> SampleMarketplace:
    """Make the marketplace in ``directory``, whole or not at all; the same seed, the same bytes.

    Does nothing where ``directory`` already holds the marketplace of these parameters. Raises
    ``ConfigError`` where it holds something else that is no sample marketplace.
    """
    brands = load_brands(ROOT / "config").brands
    wanted = _parameters(listings, labels_per_class, seed, brands)
    if _refuse_foreign(directory) == wanted:
        return _describe(directory)
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{directory.name}-", dir=directory.parent) as work:
        built = Path(work) / "built"
        _draw_labels(built / "labels", brands, labels_per_class, seed)
        _build_shop(built, brands, listings, seed)
        (built / MARKER_FILE).write_text(json.dumps(wanted, indent=1), "utf-8")
        if directory.exists():
            directory.rename(Path(work) / "previous")
        built.rename(directory)
    return _describe(directory)


def _parameters(
    listings: int, labels_per_class: int, seed: int, brands: Mapping[str, Brand]
) -> dict[str, Any]:
    """All that decides what comes out: the arguments, the floors, and who draws."""
    code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return {
        "listings": listings,
        "labels_per_class": labels_per_class,
        "seed": seed,
        "price_floors_usd": {key: brand.price_floor_usd for key, brand in sorted(brands.items())},
        "code": hashlib.sha256(code).hexdigest(),
        "pillow": PIL.__version__,
    }


def _refuse_foreign(directory: Path) -> Any:
    """The parameters of the marketplace that is there, or None where there is none."""
    marker = directory / MARKER_FILE
    if marker.is_file():
        return json.loads(marker.read_text("utf-8"))
    if directory.exists() and any(directory.iterdir()):
        raise ConfigError(
            f"{directory} holds other files and no sample marketplace: choose an empty folder."
        )
    return None


def _describe(directory: Path) -> SampleMarketplace:
    truths = [json.loads(line) for line in (directory / TRUTH_FILE).open(encoding="utf-8")]
    return SampleMarketplace(
        directory=directory,
        listings=len(truths),
        sound=sum("brand" in truth for truth in truths),
        counterfeits=sum(truth.get("counterfeit", False) for truth in truths),
        labels=sum(1 for _ in (directory / "labels").glob("*/*.jpg")),
    )


def _drawn(jobs: Iterable[tuple[str, str]], what: str) -> Iterator[tuple[str, bytes]]:
    """Draw a picture for each (random stream, brand), in order."""
    todo = list(jobs)
    with ThreadPoolExecutor(DRAWERS) as pool:
        done = pool.map(lambda job: draw_picture(Random(job[0]), job[1]), todo)  # noqa: S311
        yield from track(done, what, len(todo))


def _draw_labels(folder: Path, brands: Mapping[str, Brand], count: int, seed: int) -> None:
    classes = [*sorted(set(brands) & set(STYLES)), NO_LOGO]
    names = [(name, index) for name in classes for index in range(count)]
    jobs = [(f"{seed}/labels/{name}/{index}", name) for name, index in names]
    for name in classes:
        (folder / name).mkdir(parents=True)
    pictures = _drawn(jobs, "Drawing training pictures")
    for (name, index), (_, picture) in zip(names, pictures, strict=True):
        (folder / name / f"{name}-{index:04d}.jpg").write_bytes(picture)


def _build_shop(folder: Path, brands: Mapping[str, Brand], count: int, seed: int) -> None:
    random = Random(f"{seed}/shop")  # noqa: S311
    reasons = [reason for reason in ROTS for _ in range(max(2, count // LISTINGS_A_ROT))]
    plan = brand_plan(random, count, sorted(set(brands) & set(STYLES)))
    # The spoiled ones come last here, with pictures of their own; listing ids are shuffled.
    own = range(count - len(reasons), count)
    pictures = [*picture_plan(random, plan[: own.start]), *own]
    files = {k: f"p{number:05d}.jpg" for number, k in enumerate(sorted(set(pictures)), 1)}
    numbers = random.sample(range(count), count)
    jobs = [(f"{seed}/shop/{k}", plan[k]) for k in files]
    drawn = dict(zip(files, _drawn(jobs, "Drawing the shop's pictures"), strict=True))

    (folder / "images").mkdir()
    items: list[Item] = []
    lines: list[dict[str, Any]] = []
    images: dict[str, str | None] = {}
    for index, brand in enumerate(plan):
        product, picture = drawn[pictures[index]]
        file = files[pictures[index]]
        item, truth = write_listing(random, numbers[index], brand, brands.get(brand), product, file)
        stored, line = StoredPicture(picture, JPEG_TYPE), _truth_line(item, truth)
        if index in own:
            turn, reason = index - own.start, reasons[index - own.start]
            item = item.model_copy(update={"on_sale": False})
            item, stored = ROTS[reason](item, picture, turn)
            line = {"listing_id": item.listing_id, "reject": reason}
        if stored.body is not None:
            (folder / "images" / file).write_bytes(stored.body)
        images[file] = stored.content_type
        items.append(item)
        lines.append(line)
    _catalogue(items, images).write(folder)
    ordered = sorted(lines, key=lambda line: str(line["listing_id"]))
    text = "".join(json.dumps(line) + "\n" for line in ordered)
    (folder / TRUTH_FILE).write_text(text, "utf-8")


def _truth_line(item: Item, truth: Truth) -> dict[str, Any]:
    return {
        "listing_id": item.listing_id,
        "brand": truth.brand,
        "price_usd": truth.price_usd,
        "counterfeit": truth.counterfeit,
    }


def _catalogue(items: list[Item], images: dict[str, str | None]) -> Catalogue:
    return Catalogue(
        name=SHOP_NAME,
        categories={**CATEGORIES, SALE: "Sale"},
        sellers=sellers(),
        images=dict(sorted(images.items())),
        items=tuple(sorted(items, key=lambda item: item.listing_id)),
        gone=GONE,
    )

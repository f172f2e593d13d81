"""Generates the sample marketplace: pictures, catalogue, truth and labelled training pictures."""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
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
NO_LOGO_LABELS = 2
"""Times as many training pictures as a brand has: what bears no brand has no one look."""
DRAWERS = 2
LEAST_LISTINGS = 40
GONE = ("SM-90001", "SM-90002")


@dataclass(frozen=True)
class Plan:
    """A listing to be: its number, what it shows, and (``reason``) how it is spoiled."""

    number: int
    brand: str
    file: str
    turn: int
    reason: str | None


@dataclass(frozen=True)
class Stocked:
    """A listing, what stands at its picture's address, and the truth."""

    item: Item
    picture: StoredPicture
    truth: dict[str, Any]


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
    ``ConfigError`` where it holds something else that is no sample marketplace, and for fewer
    listings than it takes to show each kind of rot.
    """
    if listings < LEAST_LISTINGS:
        raise ConfigError(f"A sample marketplace has at least {LEAST_LISTINGS} listings.")
    known = load_brands(ROOT / "config").brands
    brands = {key: known[key] for key in sorted(set(known) & set(STYLES))}
    wanted = _parameters(listings, labels_per_class, seed, brands)
    if _parameters_there(directory) == wanted:
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
        "price_floors_usd": {key: brand.floor_usd for key, brand in brands.items()},
        "code": hashlib.sha256(code).hexdigest(),
        "pillow": PIL.__version__,
    }


def _parameters_there(directory: Path) -> Any:
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


def _drawn(jobs: Sequence[tuple[str, str]], what: str) -> Iterator[tuple[str, bytes]]:
    """Draw a picture for each (random stream, brand), in order."""
    pool = ThreadPoolExecutor(DRAWERS)
    try:
        done = pool.map(lambda job: draw_picture(Random(job[0]), job[1]), jobs)  # noqa: S311
        yield from track(done, what, len(jobs))
    finally:
        pool.shutdown(cancel_futures=True)


def _draw_labels(folder: Path, brands: Iterable[str], per_class: int, seed: int) -> None:
    counts = {**dict.fromkeys(brands, per_class), NO_LOGO: per_class * NO_LOGO_LABELS}
    names = [(name, index) for name, count in counts.items() for index in range(count)]
    jobs = [(f"{seed}/labels/{name}/{index}", name) for name, index in names]
    for name in counts:
        (folder / name).mkdir(parents=True)
    pictures = _drawn(jobs, "Drawing training pictures")
    for (name, index), (_, picture) in zip(names, pictures, strict=True):
        (folder / name / f"{name}-{index:04d}.jpg").write_bytes(picture)


def _build_shop(folder: Path, brands: Mapping[str, Brand], count: int, seed: int) -> None:
    random = Random(f"{seed}/shop")  # noqa: S311
    plans = _plan(random, count, sorted(brands))
    files = {plan.file: plan.brand for plan in plans}
    jobs = [(f"{seed}/shop/{file}", brand) for file, brand in files.items()]
    drawn = dict(zip(files, _drawn(jobs, "Drawing the shop's pictures"), strict=True))
    stock = [_stocked(random, plan, brands.get(plan.brand), *drawn[plan.file]) for plan in plans]
    (folder / "images").mkdir()
    for one in stock:
        if one.picture.body is not None:
            (folder / "images" / one.item.image).write_bytes(one.picture.body)
    stock.sort(key=lambda one: one.item.listing_id)
    _catalogue(stock).write(folder)
    lines = (json.dumps({"listing_id": one.item.listing_id, **one.truth}) + "\n" for one in stock)
    (folder / TRUTH_FILE).write_text("".join(lines), "utf-8")


def _plan(random: Random, count: int, brands: Sequence[str]) -> list[Plan]:
    """What each listing shows; the spoiled ones come last, with pictures of their own."""
    reasons = [reason for reason in ROTS for _ in range(max(2, count // LISTINGS_A_ROT))]
    sound = count - len(reasons)
    shown = brand_plan(random, count, brands)
    pictures = [*picture_plan(random, shown[:sound]), *range(sound, count)]
    numbers = random.sample(range(count), count)
    files = {picture: f"p{numbers[picture] + 1:05d}.jpg" for picture in pictures}
    return [
        Plan(
            number=numbers[index],
            brand=shown[index],
            file=files[pictures[index]],
            turn=index - sound,
            reason=reasons[index - sound] if index >= sound else None,
        )
        for index in range(count)
    ]


def _stocked(
    random: Random, plan: Plan, floor: Brand | None, product: str, picture: bytes
) -> Stocked:
    item, truth = write_listing(random, plan.number, plan.brand, floor, product, plan.file)
    if plan.reason is None:
        return Stocked(item, StoredPicture(picture, JPEG_TYPE), asdict(truth))
    # Linked once: a second address would be refused, and counted, twice.
    item, stored = ROTS[plan.reason](item.model_copy(update={"on_sale": False}), picture, plan.turn)
    return Stocked(item, stored, {"reject": plan.reason})


def _catalogue(stock: Sequence[Stocked]) -> Catalogue:
    return Catalogue(
        name=SHOP_NAME,
        categories={**CATEGORIES, SALE: "Sale"},
        sellers=sellers(),
        images=dict(sorted((one.item.image, one.picture.content_type) for one in stock)),
        items=tuple(one.item for one in stock),
        gone=GONE,
    )

"""Writes the listings: what sellers say of a product, and the truth behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from counterfeit_ml.brands import NO_LOGO, Brand
from counterfeit_ml.sample_marketplace.catalogue import Item
from counterfeit_ml.sample_marketplace.prices import price_tag

NO_LOGO_SHARE = 0.45
COUNTERFEIT_SHARE = 0.4
SHARED_PICTURE_SHARE = 0.06
FIRST_ID = 10_001
FIRST_DAY, DAYS = date(2026, 9, 1), 75

COUNTERFEIT_RANGE = (0.05, 0.60)
"""A counterfeit's price as a share of the brand's floor."""
GENUINE_RANGE = (1.30, 10.0)
"""A genuine article's, well above 1: exchange rates move, the truth must not."""
NO_LOGO_PRICES = (4.0, 400.0)
"""US dollars."""
LEARNT_FLOOR = 100.0
"""US dollars, for a brand whose floor is still to be learnt."""

CATEGORIES: Mapping[str, str] = {
    "bags": "Bags",
    "shoes": "Shoes",
    "clothing": "Clothing",
    "sunglasses": "Sunglasses",
    "accessories": "Accessories",
}
CATEGORY_OF: Mapping[str, str] = {
    "handbag": "bags",
    "tote": "bags",
    "shoe": "shoes",
    "t_shirt": "clothing",
    "sunglasses": "sunglasses",
    "cap": "accessories",
    "wallet": "accessories",
    "scarf": "accessories",
    "belt": "accessories",
}
NOUNS: Mapping[str, tuple[str, ...]] = {
    "handbag": ("handbag", "shoulder bag", "top-handle bag"),
    "tote": ("tote bag", "shopper", "shopping bag"),
    "shoe": ("sneakers", "trainers", "low shoes"),
    "t_shirt": ("T-shirt", "tee", "cotton T-shirt"),
    "sunglasses": ("sunglasses", "shades with case", "sunglasses & case"),
    "cap": ("cap", "baseball cap", "hat"),
    "wallet": ("wallet", "purse", "card holder"),
    "scarf": ("scarf", "stole", "silk & wool scarf"),
    "belt": ("belt", "leather belt", '1.5" belt'),
}
ADJECTIVES = ("Classic", "Vintage", "Elegant", "Limited", "Casual", "Soft", "Everyday", "Café")
TAILS = ("2026 new arrival", "free shipping", "with box", "gift idea", "unisex", "top quality", "")
HOUSES = ("Nordly", "Fjell & Co", "Urban 1987", "Handmade", "Unbranded")
SELLER_FIRST = ("Blue", "Lucky", "Golden", "City", "Vintage", "North", "Happy", "Royal")
SELLER_LAST = ("Closet", "Outlet", "Boutique", "Trading", "Corner")
FAKE_SELLERS = 8


@dataclass(frozen=True)
class Truth:
    """What a listing really is; ``price_usd`` at the shop's fixed rates."""

    brand: str
    price_usd: float
    counterfeit: bool


def sellers() -> dict[str, str]:
    """Forty sellers by id; the first ``FAKE_SELLERS`` sell nothing genuine."""
    names = [f"{first} {last}" for last in SELLER_LAST for first in SELLER_FIRST]
    return {f"s{index:02d}": name for index, name in enumerate(names, 1)}


def brand_plan(random: Random, count: int, brands: Sequence[str]) -> list[str]:
    """Which brand, or ``no_logo``, each of ``count`` listings shows."""
    plain = round(count * NO_LOGO_SHARE)
    plan = [NO_LOGO] * plain + [brands[index % len(brands)] for index in range(count - plain)]
    random.shuffle(plan)
    return plan


def picture_plan(random: Random, plan: Sequence[str]) -> list[int]:
    """Which picture each listing shows: its own, or an earlier listing's of the same brand."""
    pictures: list[int] = []
    for index, brand in enumerate(plan):
        earlier = [pictures[k] for k in range(index) if plan[k] == brand]
        shared = bool(earlier) and random.random() < SHARED_PICTURE_SHARE
        pictures.append(random.choice(earlier) if shared else index)
    return pictures


def write_listing(
    random: Random, number: int, brand: str, floor: Brand | None, product: str, image: str
) -> tuple[Item, Truth]:
    """One listing of a ``product`` whose picture shows ``brand`` (``floor`` None: no brand)."""
    counterfeit = floor is not None and random.random() < COUNTERFEIT_SHARE
    price, price_usd = price_tag(random, _usd(random, floor, counterfeit))
    title = _title(random, floor, product)
    item = Item(
        listing_id=f"SM-{FIRST_ID + number}",
        title=title,
        description=_description(random, product),
        brand_claimed=_claim(random, floor, counterfeit),
        category=CATEGORY_OF[product],
        condition=random.choice(("new", "new", "used")),
        seller_id=_seller(random, counterfeit),
        image=image,
        price=price,
        listed_on=FIRST_DAY + timedelta(days=random.randrange(DAYS)),
        on_sale=random.random() < 0.06,
        escaped="&" in title or "é" in title,
        graph=random.random() < 0.12,
        noisy=random.random() < 0.1,
    )
    return item, Truth(brand, price_usd, counterfeit)


def _usd(random: Random, floor: Brand | None, counterfeit: bool) -> float:
    if floor is None:
        low, high = NO_LOGO_PRICES
        return float(low * (high / low) ** random.random())
    low, high = COUNTERFEIT_RANGE if counterfeit else GENUINE_RANGE
    floor_usd = floor.floor_usd or LEARNT_FLOOR
    return float(floor_usd * low * (high / low) ** random.random())


def _title(random: Random, floor: Brand | None, product: str) -> str:
    noun, adjective = random.choice(NOUNS[product]), random.choice(ADJECTIVES)
    tail = random.choice(TAILS)
    if floor is not None and random.random() < 0.6:
        words = (floor.name, adjective.lower(), noun, tail)
    else:
        words = (adjective, random.choice(("luxury style", "designer style", "")), noun, tail)
    title = " ".join(word for word in words if word)
    return title.upper() if random.random() < 0.08 else title


def _description(random: Random, product: str) -> str:
    sentences = (
        f"A {random.choice(NOUNS[product])} as seen in the picture.",
        "Never worn." if random.random() < 0.5 else "Light signs of wear.",
        random.choice(("Ships within two days.", "Pick-up possible.", "No returns, sorry!")),
    )
    return " ".join(sentences)


def _claim(random: Random, floor: Brand | None, counterfeit: bool) -> str | None:
    if floor is not None and random.random() < (0.4 if counterfeit else 0.85):
        return floor.name
    return random.choice(HOUSES) if random.random() < 0.5 else None


def _seller(random: Random, counterfeit: bool) -> str:
    ids = sorted(sellers())
    only_fakes = counterfeit and random.random() < 0.6
    return random.choice(ids[:FAKE_SELLERS] if only_fakes else ids[FAKE_SELLERS:])

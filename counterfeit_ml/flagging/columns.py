"""The columns that conditions are put to: where each stands in the facts, and how a reason says it.

All of it is SQL over ``facts.sql``; ``?`` is where the value of the rules file goes.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """``value`` is compared, ``fact`` says it as text, ``bound`` what it is compared with.

    ``unknown`` says why there is no value.
    """

    value: str
    fact: str
    bound: str = "?::VARCHAR"
    unknown: str = "NULL"


_USD = "format('price {:.2f} USD', usd)"
_NO_PRICE = "'the price is no amount that can be compared'"
_FLOOR = """concat(
    format('{:.4g} % of the price floor {:.2f} USD', 100 * ?::DOUBLE, price_floor_usd),
    ' for ' || floor_category,
    CASE floor_source
        WHEN 'retail_share' THEN
            format(' ({:.4g} % of retail)', 100 * price_floor_usd / retail_usd)
        WHEN 'learnt' THEN format(' (learnt from {} listings)', floor_listings)
    END
)"""
_NO_FLOOR = f"""CASE
    WHEN usd IS NULL THEN {_NO_PRICE}
    WHEN floor_listings IS NOT NULL THEN
        format('no price floor: {{}} listings are too few to learn one from', floor_listings)
    ELSE 'no price floor for what the picture shows'
END"""
_NO_LOGO = "'the picture shows none of the brands'"

COLUMNS = {
    "logo_confidence": Column(
        "logo_confidence",
        "format('logo confidence {:.4f}', logo_confidence)",
        "format('{:.4f}', ?::DOUBLE)",
        _NO_LOGO,
    ),
    "price_usd": Column("usd", _USD, "format('{:.2f} USD', ?::DOUBLE)", _NO_PRICE),
    "price_ratio": Column("price_ratio", _USD, _FLOOR, _NO_FLOOR),
    "price_retail_ratio": Column(
        "price_retail_ratio",
        _USD,
        "format('{:.4g} % of the retail price {:.2f} USD', 100 * ?::DOUBLE, retail_usd)",
        f"if(usd IS NULL, {_NO_PRICE}, 'no retail price for what the picture shows')",
    ),
    "other_sellers": Column(
        "other_sellers",
        "format('other sellers with the same or nearly the same picture: {}', other_sellers)",
    ),
    "seller_flags_before": Column(
        "flags_before", "format('listings of the seller flagged before: {}', flags_before)"
    ),
    "seller_confirmed_before": Column(
        "confirmed_before",
        "format('listings of the seller confirmed as counterfeit before: {}', confirmed_before)",
    ),
    "brand": Column("brand", "'brand ' || brand", unknown="'the picture could not be scored'"),
    "category": Column("kind", "'category ' || kind", unknown="'the category is not recognised'"),
    "condition": Column(
        "condition", "'condition ' || condition", unknown="'the condition is not stated'"
    ),
    "marketplace": Column("marketplace", "'marketplace ' || marketplace"),
    "title": Column("strip_accents(title)", "'the title'"),
    "obfuscated_brand": Column("title", "'the title spells a brand with look-alikes: '"),
    "seller": Column("seller_lists", "concat('seller ', marketplace, '/', seller_id)"),
    "relisted": Column("relisted_of", "'the picture was flagged before, in listing '"),
}

"""Recognises a listing's category by the words of ``categories`` in ``brands.yaml``."""

from counterfeit_ml.brands import BrandCatalogue
from counterfeit_ml.flagging.query import Parameters
from counterfeit_ml.flagging.words import word_pattern


def category_sql(catalogue: BrandCatalogue, query: Parameters) -> str:
    """SQL of the first category whose words stand in what the marketplace says, else in the title.

    Null where none do.
    """
    if not catalogue.categories:
        return "NULL::VARCHAR"
    known = [
        (query.add(name), query.add(word_pattern(words)))
        for name, words in catalogue.categories.items()
    ]
    found = []
    for text in ("category", "title"):
        cases = " ".join(
            f"WHEN regexp_matches(strip_accents({text}), {pattern}) THEN {name}"
            for name, pattern in known
        )
        found.append(f"CASE {cases} END")
    return f"coalesce({', '.join(found)})"

import re

import pytest

from tests.flagging.judging import row

TITLES = {
    "gucc1 bag": "gucc1",
    "Gυссі bag": "Gυссі",
    "𝐆𝐮𝐜𝐜𝐢 wallet": "𝐆𝐮𝐜𝐜𝐢",
    "ⓖⓤⓒⓒⓘ": "ⓖⓤⓒⓒⓘ",
    "G.u.c.c.i": "G.u.c.c.i",
    "G U C C I belt": "G U C C I",
    "Gu\u200bcci": "Gu\u200bcci",
    "gucci, then GUCC!": "GUCC!",
    "gucc1 gucci": "gucc1",
    "L0uis Vuitton": "L0uis Vuitton",
    "Louis-Vuitt0n": "Louis-Vuitt0n",
    "n!ke": "n!ke",
    "\u202eN1KE\u202c": "N1KE",
}
HONEST = [
    "Gucci bag",
    "GUCCI gucci Gucci",
    "Gùccí",
    "Ｇｕｃｃｉ バッグ",
    "Louis  Vuitton",
    "LouisVuitton",
    "louis-vuitton",
    "Nik e Max",
    "guccione",
    "nikel plated",
    "channel",
    "Gucci's",
    "",
    "x" * 10_000,
]


@pytest.mark.parametrize(("title", "spelt"), TITLES.items())
def test_a_name_spelt_with_look_alikes_is_found_and_quoted(judge, title, spelt):
    ((reason,),) = judge.reasons("obfuscated_brand: true", row(title=title))
    assert spelt in reason


def test_honest_spellings_are_not(judge):
    rows = (row(title=title, listing_id=str(number)) for number, title in enumerate(HONEST))
    assert judge.reasons("obfuscated_brand: true", *rows) == []


def test_many_brands_are_looked_for_at_once(judge):
    brands = "\n".join(
        f"  b{number}: {{name: Maison {number} of Somewhere, price_floor_usd: 1}}"
        for number in range(60)
    )
    rows = (row(title="maison 59 of s0mewhere"),)
    ((reason,),) = judge.reasons("obfuscated_brand: true", *rows, brands=f"brands:\n{brands}")
    assert re.search("maison 59 of s0mewhere$", reason)

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from counterfeit_ml.ingestion.text import plain_text
from tests.intrusions import SCRIPT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("  Gucci\n\tbelt ", "Gucci belt"),
        ("<b>Chanel</b> bag<br/>new", "Chanel bag new"),
        ("Dolce &amp; Gabbana", "Dolce & Gabbana"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Bag", "Bag"),
        ("&amp;lt;img src=x onerror=alert(1)&amp;gt;Bag", "Bag"),
        ("Bag <img src=x onerror=alert(1)", "Bag"),
        ("<\x1bscript>alert(1)<\x00/script>Bag", "Bag"),
        ("I <3 Chanel", "I <3 Chanel"),
        ("Bag <a<b", "Bag"),
        ("Bag <!-", "Bag"),
        ("Ni\u200bke \u202eevil", "Nike evil"),
        ("a\x00b\x1bc\ud834d", "abcd"),
        ("Herme\u0300s", "Herm\u00e8s"),
        ("x" * 30, "x" * 20),
        (42, "42"),
        ("   ", None),
        ("<br>", None),
        (None, None),
        (True, None),
        (["Gucci"], None),
    ],
)
def test_makes_one_line_of_plain_text(value, expected):
    assert plain_text(value, 20) == expected


@given(st.text() | st.text(alphabet="<>&;abltgsm!-/ \x00\u200b"))
@example("<A<")
@example("<!-")
@SCRIPT
def test_leaves_nothing_that_a_browser_or_a_terminal_would_act_on(text):
    plain = plain_text(text, 100) or ""
    assert not {unicodedata.category(char) for char in plain} & {"Cc", "Cf", "Cs", "Co", "Zl"}
    assert "<a" not in plain.lower()
    assert "<!-" not in plain
    assert plain_text(plain, 100) in (plain, plain or None)

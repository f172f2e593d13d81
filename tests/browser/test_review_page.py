"""The page *Review* in Airflow, in a real Chromium: seen, filtered, decided, and learned from."""

from datetime import date

import pyarrow as pa
import pytest
from playwright.sync_api import FrameLocator, expect

from counterfeit_ml.datasets import LABELS
from counterfeit_ml.lake import Lake
from counterfeit_ml.stack import AIRFLOW_USER
from counterfeit_ml.training import import_reviews
from counterfeit_ml.warehouse import SAMPLE, Warehouse
from counterfeit_ml.warehouse.reviews import Reviews, Subject
from tests.flags_made import SAMPLED, flag, flagged_day
from tests.training.drawn import picture

DAY, MARKETPLACE = date(1992, 7, 1), "review_browser_test"
HOSTILE = "<img src=x onerror=\"parent.document.title='hacked'\">\u202egnol"
SELLER = "'; DROP TABLE x; --"


@pytest.fixture
def flagged(stack, request):
    """Five flags, the riskiest hostile, and two pictures of the sample."""
    lake, warehouse = Lake(stack.settings), Warehouse(stack.settings)
    name = f"{MARKETPLACE}_{request.node.name[-20:]}"
    pictures = [lake.put_image(picture("ring", 900 + number)) for number in range(3)]
    rows = [
        flag("hostile", risk=0.9, title=HOSTILE * 100, url="javascript:alert(1)", seller_id=SELLER),
        flag("second", risk=0.8, title="second bag", picture_group=pictures[0]),
        flag("third", risk=0.7, title="third bag", brand="nike", seller_id=SELLER),
        flag("fourth", risk=0.6, title="fourth bag", other_sellers=3, picture_group=pictures[0]),
        flag("fifth", risk=0.5, title="fifth bag", verdict="review", price_ratio=None),
    ]
    for number, row in enumerate(rows):
        row |= {"marketplace": name, "image_sha256": pictures[number % 3]}
        if row["picture_group"] not in pictures:
            row["picture_group"] = row["listing_id"]
    sample = [
        {
            **SAMPLED,
            "listing_id": one,
            "title": f"{one} thing",
            "marketplace": name,
            "brand": "gucci",
            "image_sha256": pictures[0],
        }
        for one in ("s1", "s2")
    ]
    day = flagged_day(*rows, marketplaces=(name,))
    warehouse.replace_day(DAY, day._replace(sample=pa.Table.from_pylist(sample, SAMPLE)))
    yield name
    warehouse.replace_day(DAY, flagged_day(marketplaces=()))
    lake.delete(lake.keys("labels/label_set=reviews/"))


@pytest.fixture
def review(flagged, open_page) -> FrameLocator:
    """The page, filtered to this test's flags."""
    frame = open_page("Review")
    expect(frame.locator("article h2, article .none").first).to_be_visible()
    frame.get_by_label("Marketplace").select_option(flagged)
    expect(frame.locator("#count")).to_have_text("5 flags")
    expect(rows(frame)).to_have_count(5)
    frame.locator("ol button").first.click()
    loaded(frame)
    return frame


def rows(frame: FrameLocator):
    return frame.locator("#flags ol > li")


def heading(frame: FrameLocator, text: str) -> None:
    expect(frame.locator("#flags article h2")).to_contain_text(text)
    loaded(frame)


def loaded(frame: FrameLocator) -> None:
    """Only what is shown can be decided about."""
    expect(frame.locator("#flags article")).to_have_attribute("aria-busy", "false")


def decisions(stack, marketplace: str) -> list[tuple[str, ...]]:
    found = Warehouse(stack.settings).query(
        "SELECT * FROM warehouse.flag_reviews WHERE marketplace = %s ORDER BY review_id",
        marketplace,
    )
    names = ("listing_id", "decision", "reviewed_by", "note", "label")
    return [tuple(row[name] for name in names) for row in found]


def test_a_hostile_title_is_text(review, logged_in):
    heading(review, "<img src=x onerror=")
    assert review.locator("article h2 img").count() == 0
    assert (
        review.locator("ol .title bdi")
        .first.evaluate("one => getComputedStyle(one).unicodeBidi")
        .startswith("isolate")
    )
    assert review.get_by_text("javascript:alert(1)").evaluate("one => one.tagName") == "BDI"
    assert review.get_by_role("link").count() == 0
    assert logged_in.title() != "hacked"
    box = review.locator("#flags article").evaluate("one => [one.scrollWidth, one.clientWidth]")
    assert box[0] <= box[1] + 1, "nothing hostile widens the page"


def test_what_speaks_for_a_flag_is_shown(review):
    article = review.locator("#flags article")
    picture_shown = article.locator(".evidence img")
    expect(picture_shown).to_be_visible()
    assert picture_shown.evaluate("one => one.naturalWidth") > 0
    for text in ("cheap", "95.0 %", "10 % of the floor", "100.00 USD", "Chanel", SELLER):
        expect(article).to_contain_text(text)
    expect(article.get_by_role("button", name="third bag")).to_be_visible()
    rows(review).nth(1).get_by_role("button").click()
    heading(review, "second bag")
    elsewhere = article.locator("section", has_text="The same or nearly the same picture")
    expect(elsewhere.get_by_role("button", name="fourth bag")).to_be_visible()
    expect(elsewhere.get_by_role("button")).to_have_count(1)


def test_filters_leave_what_they_name(review):
    review.get_by_label("Brand").select_option("nike")
    expect(rows(review)).to_have_count(1)
    heading(review, "third bag")
    expect(review.locator("#count")).to_have_text("1 flag")
    review.get_by_label("Brand").select_option("")
    review.get_by_label("Verdict").select_option("review")
    heading(review, "fifth bag")
    expect(review.locator("#flags article")).to_contain_text("Cannot be compared")
    review.get_by_label("Rule").select_option("origin")
    review.locator("#filters").get_by_label("Day").select_option(DAY.isoformat())
    expect(rows(review)).to_have_count(1)


def test_keys_decide_and_the_decision_is_learned_from(review, logged_in, stack, flagged):
    keyboard = logged_in.keyboard
    keyboard.press("j")
    heading(review, "second bag")
    keyboard.press("j")
    heading(review, "third bag")
    keyboard.press("k")
    heading(review, "second bag")
    keyboard.press("n")
    keyboard.type("cd jk")
    keyboard.press("Escape")
    keyboard.press("c")
    heading(review, "third bag")
    expect(rows(review).nth(1).locator(".badge.confirmed")).to_be_visible()
    keyboard.press("d")
    heading(review, "fourth bag")
    keyboard.press("u")
    heading(review, "fifth bag")
    assert decisions(stack, flagged) == [
        ("second", "confirmed", AIRFLOW_USER, "cd jk", "gucci"),
        ("third", "dismissed", AIRFLOW_USER, None, None),
        ("fourth", "unsure", AIRFLOW_USER, None, None),
    ]
    import_reviews(stack.settings)
    learned = Lake(stack.settings).read(LABELS, label_set="reviews").to_pylist()
    digest = Lake(stack.settings).put_image(picture("ring", 901))
    found = {row["image_sha256"]: (row["label"], row["labelled_by"]) for row in learned}
    assert found[digest] == ("gucci", AIRFLOW_USER)


def test_many_are_decided_at_once_by_mouse(review, stack, flagged):
    for number in (1, 3):
        rows(review).nth(number).get_by_role("checkbox").check()
    expect(review.locator(".bulk")).to_contain_text("2 selected.")
    review.get_by_label("The picture shows").select_option("no_logo")
    review.get_by_role("button", name="Dismiss").click()
    expect(review.get_by_role("alert")).to_have_text("Recorded: 2 flags dismissed.")
    assert decisions(stack, flagged) == [
        ("second", "dismissed", AIRFLOW_USER, None, "no_logo"),
        ("fourth", "dismissed", AIRFLOW_USER, None, "no_logo"),
    ]
    review.get_by_label("Decision").select_option("dismissed")
    expect(rows(review)).to_have_count(2)


def test_who_comes_second_is_told_and_decides_on_purpose(review, logged_in, stack, flagged):
    heading(review, "<img")  # shown before the other decides
    Reviews(stack.settings).decide(
        [Subject(DAY, flagged, "hostile")], "dismissed", "ann", note="<b>genuine</b>"
    )
    heading(review, "<img")
    logged_in.keyboard.press("c")
    alert = review.get_by_role("alert")
    expect(alert).to_contain_text("Nothing was recorded. ann dismissed it")
    expect(alert).to_contain_text("<b>genuine</b>")
    assert len(decisions(stack, flagged)) == 1
    alert.get_by_role("button", name="Confirm all the same").click()
    heading(review, "second bag")
    assert [one[1:3] for one in decisions(stack, flagged)] == [
        ("dismissed", "ann"),
        ("confirmed", AIRFLOW_USER),
    ]


def test_the_sample_asks_what_the_picture_shows_before_it_says_what_the_model_thinks(
    review, logged_in, stack, flagged
):
    review.get_by_role("tab", name="Sample").click()
    review.locator("#sample-filters").get_by_label("Day").select_option(DAY.isoformat())
    expect(review.locator("#count")).to_have_text("0 of 2 answered")
    review.locator("#sample ol button").first.click()
    article = review.locator("#sample article")
    expect(article).not_to_contain_text("The model says")
    logged_in.keyboard.press("0")
    expect(review.locator("#count")).to_have_text("1 of 2 answered")
    expect(review.get_by_role("alert")).to_contain_text("the model is wrong")
    article.get_by_role("button", name="Gucci").click()
    expect(review.get_by_role("alert")).to_contain_text("the model is right")
    assert sorted(one[1] for one in decisions(stack, flagged)) == ["confirmed", "dismissed"]


def test_keys_are_explained_and_the_dark_is_airflows(review, logged_in):
    logged_in.keyboard.press("?")
    expect(review.get_by_role("dialog", name="Keys")).to_be_visible()
    logged_in.keyboard.press("Escape")
    expect(review.get_by_role("dialog", name="Keys")).not_to_be_visible()
    logged_in.evaluate("document.documentElement.classList.add('dark')")
    expect(review.locator("html.dark")).to_be_attached()
    logged_in.evaluate("document.documentElement.classList.remove('dark')")
    expect(review.locator("html.dark")).not_to_be_attached()


def test_each_control_has_a_name(review):
    for control in review.locator("button:visible, select:visible, input:visible").all():
        assert control.evaluate(
            "one => (one.ariaLabel || one.labels?.[0]?.textContent || one.textContent).trim()"
        )

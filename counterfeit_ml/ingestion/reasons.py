"""Why a record is refused: the vocabulary of the quarantine's ``reason`` column."""

from enum import StrEnum

from counterfeit_ml.errors import IngestionError


class Reason(StrEnum):
    """One word for each way a record can be unsound; a record gets exactly one."""

    NOT_JSON = "not_json"
    """The line is no JSON object, is not UTF-8, or is longer than a record may be."""
    BAD_ROW = "bad_row"
    """The line of a CSV feed has too many or too few fields, or cannot be read; nor can a row of
    Parquet."""
    UNREACHABLE_PAGE = "unreachable_page"
    """The shop links to the page, but did not serve it."""
    FORBIDDEN_BY_ROBOTS = "forbidden_by_robots"
    """The shop links to the page, but its robots.txt forbids us to fetch it."""
    ENDLESS_REDIRECT = "endless_redirect"
    """The page redirects again and again."""
    ENDLESS_PAGINATION = "endless_pagination"
    """The page lies more links deep than the site's ``max_depth``; it is not followed."""
    NO_PRODUCT_DATA = "no_product_data"
    """The page should be a listing, but holds no product metadata."""
    MISSING_LISTING_ID = "missing_listing_id"
    MISSING_TITLE = "missing_title"
    MISSING_PRICE = "missing_price"
    UNPARSEABLE_PRICE = "unparseable_price"
    NEGATIVE_PRICE = "negative_price"
    ZERO_PRICE = "zero_price"
    ABSURD_PRICE = "absurd_price"
    UNKNOWN_CURRENCY = "unknown_currency"
    """No currency is given, or none that the European Central Bank quotes on that day."""
    CURRENCY_CONFLICT = "currency_conflict"
    """The price is written in one currency and declared in another."""
    BAD_URL = "bad_url"
    BAD_TIMESTAMP = "bad_timestamp"
    PATH_TRAVERSAL = "path_traversal"
    """The picture's path leads out of the feed's folder."""
    MISSING_IMAGE = "missing_image"
    EMPTY_IMAGE = "empty_image"
    HTML_AS_IMAGE = "html_as_image"
    TRUNCATED_IMAGE = "truncated_image"
    NOT_AN_IMAGE = "not_an_image"
    """Neither JPEG, PNG, WebP, GIF nor AVIF, or damaged inside."""
    IMAGE_TOO_LARGE = "image_too_large"


class Refused(IngestionError):  # noqa: N818  (it is a verdict on one record, not a failure)
    """One record is refused; ``detail`` is the sentence behind ``reason``."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

"""What intruders try, and how it is refused: marks for the tests that try it."""

import pytest

_mark = pytest.mark.intrusion

REVIEW_PAGE = _mark("review page without a login", "401")
VIEWER = _mark("decide as a viewer", "403")
FORGED_TOKEN = _mark("a forged token for Airflow", "401")
FORGED_FORM = _mark("cross-site POST to the review page", "403: header X-Review, Sec-Fetch-Site")
FORGED_CALL = _mark("cross-site POST to Airflow's API", "403, whatever the body")
SQL_OF_REVIEWERS = _mark("SQL in what a reviewer says and asks for", "bound as parameters")
SCRIPT = _mark("script in a title, shown to a person", "shown as text; CSP lets no script run")
OTHER_PICTURES = _mark("other objects by the review page's picture addresses", "404")
PATH_OF_PICTURE = _mark("path traversal in a feed's picture paths", "refused: path_traversal")
PATH_OF_NAME = _mark("path traversal in a marketplace's name", "refused: letters, digits, _ alone")
PATH_IN_SHOP = _mark("path traversal in the sample shop", "404 or 503")
SSRF_BY_FEED = _mark("SSRF by a feed's address, redirect or DNS", "private address: not asked")
SSRF_BY_PAGE = _mark("SSRF by a page's links, pictures, redirects", "no connection is opened")
BOMB_IN_SHOP = _mark("decompression bombs in pages and pictures", "refused at their limit")
BOMB_AS_FEED = _mark("decompression bomb as a feed", "refused at its limit")
NO_PICTURE = _mark("pixel bombs, and files that are no picture", "refused before they are decoded")
YAML_BOMB = _mark("YAML bombs: aliases, depth, size", "refused before anything is built of them")
JSON_BOMB = _mark("JSON bombs: depth, length, numbers", "that line alone is refused")
NO_MODEL = _mark("a model file that is none, or was changed in S3", "never champion, never scores")
FORMULA = _mark("formulas in an exported CSV", "disarmed")
OTHER_DATABASES = _mark("analyst: other databases", "permission denied")
WRITING_ROLE = _mark("the platform's own role beyond its schema", "permission denied")
IMAGE = _mark("secrets in the image's history", "no ARG, ENV or COPY takes one")

"""What another site's page makes the browser of a person ask, who is logged in."""

import pytest
import requests

from tests.dags.asking import Airflow
from tests.intrusions import FORGED_CALL
from tests.plugins.reviewers import token
from tests.waiting import until

SECONDS = 30
FORMS = ("text/plain", "application/x-www-form-urlencoded", "application/json")


@pytest.fixture(scope="module")
def airflow(stack) -> Airflow:
    client = Airflow(stack.stack)
    until(lambda: "import_reviews" in client.dag_ids())
    return client


@pytest.fixture(scope="module")
def browser(stack) -> requests.Session:
    """With the cookie of an administrator."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set("_token", token(stack.stack, "admin", "admin"), domain="127.0.0.1")
    return session


def sent_by(site: str, kind: str) -> dict[str, str]:
    """The headers of a form there; the sample shop, on another port, is the same site."""
    origin = "http://evil.example" if site == "cross-site" else "http://127.0.0.1:8765"
    return {"Origin": origin, "Sec-Fetch-Site": site, "Content-Type": kind}


@FORGED_CALL
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("kind", FORMS)
def test_no_other_site_triggers_a_dag(browser, stack, airflow, site, kind):
    before = airflow.runs("import_reviews")
    url = f"{stack.stack.airflow_url}/api/v2/dags/import_reviews/dagRuns"
    body = '{"logical_date": null}'
    answer = browser.post(url, data=body, headers=sent_by(site, kind), timeout=SECONDS)
    assert answer.status_code == 403
    assert airflow.runs("import_reviews") == before


@FORGED_CALL
def test_nor_what_needs_no_body(browser, stack, airflow):
    """A POST without any is what a browser sends to another port without asking first."""
    base = f"{stack.stack.airflow_url}/api/v2/assets"
    (asset,) = [
        one["id"]
        for one in browser.get(base, timeout=SECONDS).json()["assets"]
        if one["name"] == "drift"
    ]
    before = airflow.runs("monitor_drift")
    forged = {"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-site"}
    url = f"{base}/{asset}/materialize"
    assert browser.post(url, headers=forged, timeout=SECONDS).status_code == 403
    assert airflow.runs("monitor_drift") == before
    own = {"Sec-Fetch-Site": "same-origin"}
    assert browser.post(url, headers=own, timeout=SECONDS).status_code == 200


@pytest.mark.intrusion("cross-site POST to MLflow", "403")
@pytest.mark.parametrize("kind", FORMS)
def test_no_other_site_changes_mlflow(services, kind):
    settings = services.settings
    url = f"{settings.mlflow_uri}/api/2.0/mlflow/experiments"
    with requests.Session() as session:
        session.trust_env = False
        session.auth = (settings.mlflow_username, settings.mlflow_password.get_secret_value())
        forged, body = sent_by("cross-site", kind), '{"name": "forged"}'
        answer = session.post(f"{url}/create", data=body, headers=forged, timeout=SECONDS)
        assert answer.status_code == 403
        named = {"experiment_name": "forged"}
        found = session.get(f"{url}/get-by-name", params=named, timeout=SECONDS)
        assert found.status_code == 404


@pytest.mark.intrusion("MLflow under another name (DNS rebinding)", "403: no such host here")
def test_a_name_that_leads_here_is_not_ours(services):
    headers = {"Host": "evil.example"}
    answer = requests.get(f"{services.settings.mlflow_uri}/", headers=headers, timeout=SECONDS)
    assert answer.status_code == 403

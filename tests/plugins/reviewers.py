"""People with rights in the running Airflow, and the review page as they reach it."""

import requests
from airflow.api_fastapi.auth.tokens import JWTGenerator

from counterfeit_ml.stack import StackSettings

SECONDS = 60


class Reviewer:
    """A session of one person, with Airflow's own cookie; without a name, of nobody."""

    def __init__(self, own: StackSettings, name: str | None, role: str = "user") -> None:
        self.base = f"{own.airflow_url}/review"
        self.session = requests.Session()
        self.session.trust_env = False
        if name:
            self.session.cookies.set("_token", token(own, name, role), domain="127.0.0.1")

    def get(self, path: str, **query: object) -> requests.Response:
        return self.session.get(f"{self.base}/{path}", params=query, timeout=SECONDS)

    def post(self, path: str, body: object, **headers: str) -> requests.Response:
        """As the page's own script does; a header that is empty is left out."""
        given = {"X-Review": "1", "Sec-Fetch-Site": "same-origin", **headers}
        sent = {name: value for name, value in given.items() if value}
        return self.session.post(f"{self.base}/{path}", json=body, headers=sent, timeout=SECONDS)


def token(own: StackSettings, name: str, role: str) -> str:
    """What Airflow gives to whoever logs in, signed with its secret."""
    secret = own.airflow_jwt_secret.get_secret_value()
    signer = JWTGenerator(secret_key=secret, valid_for=3600, audience="apache-airflow")
    return signer.generate({"sub": name, "role": role, "teams": []})

import pytest

from counterfeit_ml.errors import ConfigError
from counterfeit_ml.settings import Settings

WHOLE = """\
COUNTERFEIT_LAKE_ENDPOINT=http://127.0.0.1:1
COUNTERFEIT_LAKE_ACCESS_KEY=key
COUNTERFEIT_LAKE_SECRET_KEY=hidden-lake
COUNTERFEIT_WAREHOUSE_URI=postgresql://platform:hidden-warehouse@127.0.0.1:2/warehouse
COUNTERFEIT_MLFLOW_URI=http://127.0.0.1:3
COUNTERFEIT_MLFLOW_USERNAME=admin
COUNTERFEIT_MLFLOW_PASSWORD=hidden-mlflow
COUNTERFEIT_SOMETHING_ELSE=1
"""


@pytest.fixture
def env_file(tmp_path, monkeypatch):
    path = tmp_path / "platform.env"
    monkeypatch.setitem(Settings.model_config, "env_file", path)
    return path


def test_the_file_gives_what_the_environment_does_not(env_file, monkeypatch):
    env_file.write_text(WHOLE)
    monkeypatch.setenv("COUNTERFEIT_MLFLOW_URI", "http://elsewhere:5000")
    settings = Settings.load()
    assert settings.lake_endpoint == "http://127.0.0.1:1"
    assert settings.mlflow_uri == "http://elsewhere:5000"


def test_secrets_do_not_show(env_file):
    env_file.write_text(WHOLE)
    assert "hidden" not in repr(Settings.load())


def test_what_is_missing_is_named_with_what_to_do(env_file):
    env_file.write_text(WHOLE.replace("COUNTERFEIT_MLFLOW_URI", "OTHER"))
    with pytest.raises(ConfigError) as caught:
        Settings.load()
    assert "COUNTERFEIT_MLFLOW_URI: Field required" in str(caught.value)
    assert "make up" in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("LAKE_ENDPOINT", "no-address", "is no address such as http://"),
        ("LAKE_ENDPOINT", "http://key:hidden@127.0.0.1:1", "must not hold a login"),
        ("MLFLOW_URI", "http://:5000", "is no address such as http://"),
        ("MLFLOW_URI", "http://127.0.0.1:five", "is no address such as http://"),
        (
            "WAREHOUSE_URI",
            "mysql://u:hidden@127.0.0.1/warehouse",
            "is no URI such as postgresql://",
        ),
        ("WAREHOUSE_URI", "postgresql://u:hidden@127.0.0.1:x/w", "is no URI such as postgresql://"),
    ],
)
def test_a_wrong_address_is_named_and_not_quoted(env_file, monkeypatch, name, value, complaint):
    env_file.write_text(WHOLE)
    monkeypatch.setenv(f"COUNTERFEIT_{name}", value)
    with pytest.raises(ConfigError, match=f"COUNTERFEIT_{name}: .*{complaint}") as caught:
        Settings.load()
    assert "hidden" not in str(caught.value)

import stat

from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings
from counterfeit_ml.stack.credentials import read_credentials, write_credentials
from counterfeit_ml.stack.ports import USUAL_PORTS


def test_only_the_user_may_read_the_file(tmp_path):
    file = tmp_path / "platform.env"
    write_credentials(file, USUAL_PORTS)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["platform.env"]


def test_the_file_has_all_settings(tmp_path):
    file = tmp_path / "platform.env"
    write_credentials(file, USUAL_PORTS)
    settings, own = Settings(_env_file=file), StackSettings(_env_file=file)
    assert settings.lake_endpoint == "http://127.0.0.1:8333"
    assert settings.mlflow_uri == "http://127.0.0.1:5000"
    assert settings.sample_marketplace_url == "http://127.0.0.1:8765/"
    password = own.platform_password.get_secret_value()
    assert settings.warehouse_uri.get_secret_value() == (
        f"postgresql://platform:{password}@127.0.0.1:5432/warehouse"
    )
    reader = own.bi_reader_password.get_secret_value()
    assert own.bi_reader_uri == f"postgresql://bi_reader:{reader}@127.0.0.1:5432/warehouse"


def test_passwords_stay_when_a_port_changes(tmp_path):
    file = tmp_path / "platform.env"
    write_credentials(file, USUAL_PORTS)
    before = read_credentials(file)
    write_credentials(file, {**USUAL_PORTS, "s3_port": 12333})
    after = read_credentials(file)
    changed = {name: after[name] for name in after if after[name] != before[name]}
    assert changed == {"s3_port": "12333", "lake_endpoint": "http://127.0.0.1:12333"}


def test_each_password_is_its_own(tmp_path):
    for name in ("one.env", "two.env"):
        write_credentials(tmp_path / name, USUAL_PORTS)
    one, two = (read_credentials(tmp_path / name) for name in ("one.env", "two.env"))
    made = [*_secrets(one), *_secrets(two)]
    assert len(set(made)) == len(made) == 2 * 14
    assert min(map(len, made)) >= 20


def _secrets(values):
    kinds = ("_password", "_secret", "_key")
    return [value for name, value in values.items() if name.endswith(kinds)]

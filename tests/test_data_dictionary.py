from counterfeit_ml.data_dictionary import render
from counterfeit_ml.settings import ROOT
from counterfeit_ml.warehouse import Warehouse


def test_the_page_says_what_schemas_and_database_say(services):
    written = (ROOT / "docs" / "data_dictionary.md").read_text("utf-8")
    assert written == render(Warehouse(services.settings)), (
        "renew it: .venv/bin/python -m counterfeit_ml.data_dictionary > docs/data_dictionary.md"
    )

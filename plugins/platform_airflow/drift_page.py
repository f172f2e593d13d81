"""The page *Drift* in Airflow's menu: every compared day, and each feature's histograms of one."""

from datetime import date
from pathlib import Path
from typing import Any

from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader

from platform_airflow.connections import settings
from platform_airflow.drift_charts import charts

FILES = Path(__file__).with_name("drift")
ASSETS = ("drift.css", "drift.js")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
SHOWN_DAYS = 60
TEMPLATES = Environment(loader=FileSystemLoader(FILES), autoescape=True)

app = FastAPI(title="Drift", dependencies=[Depends(get_user)], openapi_url=None)


@app.get("/{name}")
def drift_page(name: str) -> Response:
    """The days, one of them as ``2026-11-22.html``, or what the pages need."""
    if name in ASSETS:
        return FileResponse(FILES / name, headers=HEADERS)
    if name == "index.html":
        return _page("index.html", days=_days())
    return _page("day.html", **_day(_named_day(name)))


def _page(template: str, **content: Any) -> HTMLResponse:
    return HTMLResponse(TEMPLATES.get_template(template).render(content), headers=HEADERS)


def _named_day(name: str) -> str:
    try:
        day = date.fromisoformat(name.removesuffix(".html")).isoformat()
    except ValueError:
        raise HTTPException(404) from None
    if name != f"{day}.html":
        raise HTTPException(404)
    return day


def _days() -> list[Any]:
    from counterfeit_ml.lake import Lake
    from counterfeit_ml.monitoring.days import drift_days

    return list(drift_days(Lake(settings()), SHOWN_DAYS))


def _day(ds: str) -> dict[str, Any]:
    from counterfeit_ml.errors import PartitionMissingError
    from counterfeit_ml.lake import Lake
    from counterfeit_ml.monitoring.days import day_drift, drift_of
    from counterfeit_ml.monitoring.report import in_order, verdict

    lake = Lake(settings())
    try:
        day, rows = day_drift(lake, ds), drift_of(lake, ds)
    except PartitionMissingError:
        raise HTTPException(404, f"{ds} was not compared: run monitor_drift for it.") from None
    features = [_feature(dict(row)) for row in in_order(rows)]
    return {"day": day, "sentence": verdict(day), "features": features}


def _feature(row: dict[str, Any]) -> dict[str, Any]:
    from counterfeit_ml.monitoring.features import FEATURES
    from counterfeit_ml.monitoring.report import moved

    feature = FEATURES[row["feature"]]
    before, now = charts(row, ordered=bool(feature.edges))
    days = row["reference_days"]
    title = f"{days[0]} to {days[-1]}, {row['reference_rows']:,}" if days else "no day before"
    return {
        "row": row,
        "about": feature.about,
        "moved": moved(row),
        "before": before,
        "now": now,
        "before_title": title,
    }

"""The page *Review* in Airflow's menu: people say of each flag whether it is right.

Who may see the DAG ``flag_listings`` sees the flags; who may trigger it decides about them.
"""

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from counterfeit_ml.errors import (
    CounterfeitError,
    DecidedMeanwhileError,
    NotFlaggedError,
    PartitionMissingError,
    PictureError,
)
from platform_airflow.connections import settings

DAG = "flag_listings"
FILES = Path(__file__).with_name("review")
# Titles are hostile: whatever they hold, only our own file is ever run.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
# So are pictures, even if somebody opens one by itself.
PICTURE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=604800, immutable",
}
AT_ONCE = 500
STATUS = {
    DecidedMeanwhileError: 409,
    NotFlaggedError: 404,
    PartitionMissingError: 404,
    PictureError: 404,
}

# PostgreSQL keeps no zero character.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=10_000)]
Note = Annotated[Text, StringConstraints(strip_whitespace=True)]


def _empty_as_none(given: Any) -> Any:
    return None if isinstance(given, str) and not given.strip() else given


MayBe = BeforeValidator(_empty_as_none)


class Key(BaseModel):
    """Names a flag, or a listing of the sample; ``seen`` is the last review the reviewer knows."""

    model_config = ConfigDict(extra="forbid")

    ds: date
    marketplace: Text
    listing_id: Text
    seen: Annotated[int, Field(ge=1, lt=2**63)] | None = None


class Said(BaseModel):
    """What the picture shows, and the reviewer's own words; either may be missing."""

    model_config = ConfigDict(extra="forbid")

    label: Annotated[Text | None, MayBe] = None
    note: Annotated[Note | None, MayBe] = None


class Decisions(Said):
    """One decision about these flags."""

    subjects: Annotated[list[Key], Field(min_length=1, max_length=AT_ONCE)]
    decision: Literal["confirmed", "dismissed", "unsure"]


class Answer(Said):
    """What one picture of the sample shows; no label: that cannot be told."""

    subject: Key


class Asked(BaseModel):
    """Which flags; what is empty is not filtered by."""

    ds: Annotated[date | None, MayBe] = None
    marketplace: Annotated[Text | None, MayBe] = None
    brand: Annotated[Text | None, MayBe] = None
    verdict: Annotated[Literal["counterfeit", "review"] | None, MayBe] = None
    rule_id: Annotated[Text | None, MayBe] = None
    decision: Annotated[Literal["open", "confirmed", "dismissed", "unsure"] | None, MayBe] = None


class AskedPage(Asked):
    """A page of these, after the one whose ``next`` is ``after``."""

    after: str | None = None


def _not_forged(
    x_review: Annotated[str | None, Header()] = None,
    sec_fetch_site: Annotated[str | None, Header()] = None,
) -> None:
    """Another site's form brings the login cookie along, but cannot set a header of its own."""
    if x_review is None or sec_fetch_site not in (None, "same-origin"):
        raise HTTPException(403, "A decision is made on the review page itself (header X-Review).")


MAY_READ = Depends(requires_access_dag("GET", None, DAG))
MAY_DECIDE = [
    Depends(_not_forged),
    Depends(requires_access_dag("POST", DagAccessEntity.RUN, DAG)),
]

app = FastAPI(title="Review", dependencies=[MAY_READ], openapi_url=None)


@app.exception_handler(CounterfeitError)
def _sentence(_: Request, error: CounterfeitError) -> JSONResponse:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 503)
    others = error.others if isinstance(error, DecidedMeanwhileError) else []
    return JSONResponse({"detail": str(error), "others": others}, status)


@app.exception_handler(RequestValidationError)
def _wrong(_: Request, error: RequestValidationError) -> JSONResponse:
    # Without what was sent, which may be no text that can be sent back.
    faults = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    return JSONResponse({"detail": "; ".join(faults)}, 422)


@app.get("/api/choices")
def choices(user: GetUserDep) -> dict[str, Any]:
    """Who looks and whether they may decide, the filters' values, and the labels there are."""
    from counterfeit_ml.brands import NO_LOGO, load_brands
    from counterfeit_ml.warehouse.reviews import Reviews

    found = settings()
    brands = load_brands(found.config_dir).brands
    labels = {**{key: brand.name for key, brand in brands.items()}, NO_LOGO: "no logo"}
    may_decide = get_auth_manager().is_authorized_dag(
        method="POST", access_entity=DagAccessEntity.RUN, details=DagDetails(id=DAG), user=user
    )
    return {
        "reviewer": user.get_name(),
        "may_decide": may_decide,
        "labels": labels,
        **Reviews(found).choices(),
    }


@app.get("/api/flags")
def flags(asked: Annotated[AskedPage, Query()]) -> dict[str, Any]:
    """A page of flags, riskiest first; ``next`` asks for the one behind it."""
    from counterfeit_ml.warehouse.reviews import PAGE

    rows = _reviews().page(_filters(asked), _place(asked.after), PAGE + 1)
    page = rows[:PAGE]
    return {"flags": page, "next": _name(page[-1]) if len(rows) > PAGE else None}


@app.get("/api/count")
def count(asked: Annotated[Asked, Query()]) -> dict[str, int | None]:
    """How many flags there are, up to ``at_most``; null where that cannot be counted in time."""
    from counterfeit_ml.warehouse.reviews import COUNTED

    return {"flags": _reviews().count(_filters(asked)), "at_most": COUNTED}


@app.get("/api/flag")
def flag(key: Annotated[Key, Query()]) -> dict[str, Any]:
    """One flag whole, with what else its seller and its picture are flagged for."""
    return _reviews().flag(key.ds, key.marketplace, key.listing_id)


@app.get("/api/sample")
def sample(ds: Annotated[date | None, MayBe] = None) -> dict[str, Any]:
    """The random sample of a day, else of the latest."""
    return {"sample": _reviews().sample(ds)}


@app.post("/api/decisions", dependencies=MAY_DECIDE)
def decide(given: Decisions, user: GetUserDep) -> dict[str, Any]:
    """Record one decision about one flag or many; 409 where somebody was faster."""
    _check_label(given.label)
    subjects = [_subject(key) for key in given.subjects]
    who = user.get_name()
    return {"reviews": _reviews().decide(subjects, given.decision, who, given.note, given.label)}


@app.post("/api/answers", dependencies=MAY_DECIDE)
def answer(given: Answer, user: GetUserDep) -> dict[str, Any]:
    """Record what a picture of the sample shows; 409 where somebody was faster."""
    _check_label(given.label)
    subject = _subject(given.subject)
    return {"reviews": [_reviews().answer(subject, given.label, user.get_name(), given.note)]}


@app.get("/pictures/{digest}")
def picture(digest: Annotated[str, InPath(pattern=r"^[0-9a-f]{64}$")]) -> Response:
    """The picture of a flag or of the sample, and no other object of the lake."""
    from counterfeit_ml.lake import Lake
    from counterfeit_ml.pictures import MAX_BYTES, media_type
    from counterfeit_ml.warehouse.reviews import Reviews

    found = settings()
    if not Reviews(found).shows(digest):
        raise HTTPException(404, "No flag has such a picture.")
    data = Lake(found).get(Lake.image_key(digest), at_most=MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise PictureError(f"The picture is larger than {MAX_BYTES} bytes.")
    return Response(data, media_type=media_type(data), headers=PICTURE_HEADERS)


@app.get("/{name}")
def review_page(name: str) -> FileResponse:
    """The page, its script or its style."""
    if name not in {file.name for file in FILES.iterdir()}:
        raise HTTPException(404)
    return FileResponse(FILES / name, headers=HEADERS)


def _reviews() -> Any:
    from counterfeit_ml.warehouse.reviews import Reviews

    return Reviews(settings())


def _filters(asked: Asked) -> Any:
    from counterfeit_ml.warehouse.reviews import Filters

    return Filters(**asked.model_dump(exclude={"after"}))


def _subject(key: Key) -> Any:
    from counterfeit_ml.warehouse.reviews import Subject

    return Subject(**key.model_dump())


def _place(after: str | None) -> Any:
    from counterfeit_ml.warehouse.reviews import Place

    if after is None:
        return None
    try:
        return Place(*TypeAdapter(tuple[float, Text, Text]).validate_json(after))
    except ValidationError:
        raise HTTPException(422, "after: take it from `next` of the page before.") from None


def _name(flag: dict[str, Any]) -> str:
    return json.dumps([flag["risk"], flag["marketplace"], flag["listing_id"]])


def _check_label(label: str | None) -> None:
    from counterfeit_ml.brands import load_brands

    classes = load_brands(settings().config_dir).classes
    if label not in (None, *classes):
        raise HTTPException(422, f"label: {label!r} is none of {', '.join(classes)}.")

"""Data Docs inside Airflow, for whoever is logged in: the bucket itself stays closed."""

import mimetypes
from typing import Annotated

from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI, HTTPException, Path, Response

from platform_airflow.connections import settings

# The pages quote hostile listings: whatever they hold, nothing of it runs on Airflow's origin.
CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'self'; form-action 'none'"
NO_NAMES = frozenset({"", ".", ".."})

app = FastAPI(title="Data Docs", dependencies=[Depends(get_user)], openapi_url=None)


@app.get("/{page:path}")
def data_docs_page(page: Annotated[str, Path(pattern=r"^[\w./+-]+$", max_length=500)]) -> Response:
    """One object of Great Expectations' site in the lake."""
    from counterfeit_ml.errors import PartitionMissingError
    from counterfeit_ml.lake import Lake
    from counterfeit_ml.validation.site import SITE

    if not NO_NAMES.isdisjoint(page.split("/")):
        raise HTTPException(404)
    try:
        body = Lake(settings()).get(f"{SITE}/{page}")
    except PartitionMissingError:
        raise HTTPException(
            404, "No such page. Data Docs begin with the first run of validate_listings."
        ) from None
    kind = mimetypes.guess_type(page)[0] or "application/octet-stream"
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, media_type=kind, headers=headers)

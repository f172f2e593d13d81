"""The tab *Results* of a DAG run: what its tasks returned, as tables.

The page holds no data. Its script asks Airflow's own REST API with the login of whoever looks, so
that nobody sees more here than there.
"""

from pathlib import Path

from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse

FILES = Path(__file__).with_name("results")
# Sentences quote hostile listings: whatever they hold, only our own file is ever run.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}

app = FastAPI(title="Results", dependencies=[Depends(get_user)], openapi_url=None)


@app.get("/{name}")
def results_page(name: str) -> FileResponse:
    """The page, its script or its style."""
    if name not in {file.name for file in FILES.iterdir()}:
        raise HTTPException(404)
    return FileResponse(FILES / name, headers=HEADERS)

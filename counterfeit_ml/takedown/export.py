"""The confirmed flags as one file, those of a seller together, each with its evidence."""

import codecs
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from counterfeit_ml.errors import NoticeError
from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import Settings
from counterfeit_ml.takedown.evidence import with_evidence
from counterfeit_ml.warehouse import Notices

FORMULA = r"^([\s\x00]*[=+\-@＝＋－＠]|[\t\r\n])"
"""A cell that begins so is run by a spreadsheet: OWASP, CSV Injection."""
SORTED_BY = [(name, "ascending") for name in ("marketplace", "seller_id", "listing_id")]


class Exported(NamedTuple):
    """What an export holds."""

    listings: int
    sellers: int


def export(
    settings: Settings,
    path: Path,
    marketplace: str | None = None,
    seller_id: str | None = None,
    notice_id: int | None = None,
) -> Exported:
    """Write the confirmed flags to ``path``, Parquet or CSV by its suffix; all, or those chosen.

    In CSV ``reasons`` is one text, and what a spreadsheet would take for a formula begins with an
    apostrophe. Raises ``NoticeError``, ``WarehouseError``, ``LakeError``.
    """
    write = {".csv": _write_csv, ".parquet": pq.write_table}.get(path.suffix)
    if write is None:
        raise NoticeError(f"{path} is neither .csv nor .parquet: name the file so.")
    flags = Notices(settings).confirmed_flags(marketplace, seller_id, notice_id)
    rows = _explained(with_evidence(Lake(settings), flags).sort_by(SORTED_BY))
    _replace(path, rows, write)
    sellers = rows.select(["marketplace", "seller_id"]).group_by(["marketplace", "seller_id"])
    return Exported(rows.num_rows, sellers.aggregate([]).num_rows)


def _explained(rows: pa.Table) -> pa.Table:
    """``rows`` with ``reasons`` as a list of sentences."""
    reasons = [json.loads(text) for text in rows["reasons"].to_pylist()]
    place = rows.schema.get_field_index("reasons")
    return rows.set_column(place, "reasons", pa.array(reasons, pa.list_(pa.string())))


def _write_csv(rows: pa.Table, path: Path) -> None:
    place = rows.schema.get_field_index("reasons")
    rows = rows.set_column(place, "reasons", pc.binary_join(rows["reasons"], "; "))
    with path.open("wb") as file:
        # Without it Excel reads anything but ASCII wrongly.
        file.write(codecs.BOM_UTF8)
        pyarrow.csv.write_csv(
            pa.table([_harmless(one) for one in rows.columns], rows.column_names), file
        )


def _harmless(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type):
        return column
    return pc.replace_substring_regex(column, FORMULA, r"'\1")


def _replace(path: Path, rows: pa.Table, write: Callable[[pa.Table, Path], None]) -> None:
    """Write a file that is there whole or not at all."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        write(rows, unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise NoticeError(f"{path} cannot be written: {error.strerror or error}.") from error

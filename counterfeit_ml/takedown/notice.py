"""A takedown notice: to a marketplace, about one seller, with the listings people confirmed."""

from typing import Any

from counterfeit_ml.errors import NoticeError
from counterfeit_ml.settings import Settings
from counterfeit_ml.warehouse import Notices


def open_notice(
    settings: Settings, marketplace: str, seller_id: str, by: str, note: str | None = None
) -> str:
    """Draft a notice; a sentence with its number. Raises ``NoticeError`` with nothing to name."""
    opened = Notices(settings).open(marketplace, seller_id, by, note)
    if opened is None:
        raise NoticeError(
            f"Seller {seller_id[:200]!r} of {marketplace[:200]!r} has no confirmed listing that no "
            f"notice names yet: confirm one on the review page first, and give marketplace and "
            f"seller as they stand in warehouse.confirmed_flags."
        )
    return f"Notice {opened['notice_id']} is drafted, with {opened['listings']} listing(s)."


def set_status(
    settings: Settings, notice_id: int, status: str, by: str, note: str | None = None
) -> str:
    """Note what became of a notice, a status of ``takedown_notice_events``; a sentence.

    Raises ``NoticeError`` where there is no such notice.
    """
    if not Notices(settings).set_status(notice_id, status, by, note):
        raise NoticeError(f"There is no notice {notice_id}: `counterfeit notice list` has them.")
    return f"Notice {notice_id} is {status}."


def notices(settings: Settings) -> list[dict[str, Any]]:
    """Rows of ``warehouse.takedown_status``, the newest notice first."""
    return Notices(settings).all()

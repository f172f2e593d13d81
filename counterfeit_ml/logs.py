"""Log lines for people or for a collector, and what each of them says of its work."""

import logging
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, get_contextvars, merge_contextvars

TEXT = logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S")
JSON = structlog.stdlib.ProcessorFormatter(
    foreign_pre_chain=[
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        merge_contextvars,
    ],
    processors=[
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ],
)

_bound: dict[str, Any] = {}


def set_up(as_json: bool = False) -> None:
    """Log ours from INFO on and others' errors, to stderr; as JSON, an object a line."""
    handler = logging.StreamHandler()
    handler.setFormatter(JSON if as_json else TEXT)
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    logging.getLogger("counterfeit_ml").setLevel(logging.INFO)


def bind(**fields: Any) -> None:
    """Have each line from now on say ``fields``, those of threads that are yet to start too."""
    bind_contextvars(**fields)
    _bound.update(get_contextvars())
    for handler in logging.getLogger().handlers:
        if _inherit not in handler.filters:
            handler.addFilter(_inherit)


def _inherit(record: logging.LogRecord) -> bool:
    """A thread starts without the context of who started it."""
    if not get_contextvars():
        bind_contextvars(**_bound)
    return True

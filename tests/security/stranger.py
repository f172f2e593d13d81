"""Another user of the machine, where the tests may become one."""

import os
from collections.abc import Callable

from counterfeit_ml.stack.folders import UNPRIVILEGED


def is_refused(attempt: Callable[[], object]) -> bool:
    """Whether ``attempt`` ends with ``PermissionError`` for nobody; only root may try that."""
    if os.geteuid() != 0:
        return True
    # Not another interpreter, which that user may not be allowed to start.
    if (child := os.fork()) == 0:
        os.setgroups([])
        os.setgid(UNPRIVILEGED)
        os.setuid(UNPRIVILEGED)
        os._exit(_code(attempt))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == REFUSED


OPEN, REFUSED, OTHER = 0, 1, 2


def _code(attempt: Callable[[], object]) -> int:
    try:
        attempt()
    except PermissionError:
        return REFUSED
    except Exception:
        return OTHER
    return OPEN

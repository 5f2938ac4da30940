"""The lines that the host logs of each invocation, in the words of the real host, whose logs people search by them."""

import logging
import time
import traceback
from pathlib import Path

from local_azure.log_lines import log_info

CALLED_BY_HTTP = "This function was programmatically called via the host APIs."

log = logging.getLogger("local_azure.functions")


def log_start(name: str, invocation_id: str, reason: str = CALLED_BY_HTTP) -> float:
    """Log that a function is called, and return the moment for the two other lines."""
    log_info(log, "Executing 'Functions.%s' (Reason='%s', Id=%s)", name, reason, invocation_id)
    return time.perf_counter()


def log_success(name: str, invocation_id: str, started: float) -> None:
    """Log that a function has ended."""
    log_info(
        log, "Executed 'Functions.%s' (Succeeded, Id=%s, Duration=%dms)", name, invocation_id, _milliseconds(started)
    )


def log_failure(name: str, invocation_id: str, started: float, error: BaseException) -> None:
    """Log what a function raised, with the traceback."""
    log.error(
        "Executed 'Functions.%s' (Failed, Id=%s, Duration=%dms)\n%s",
        name,
        invocation_id,
        _milliseconds(started),
        format_app_traceback(error),
    )


def format_app_traceback(error: BaseException) -> str:
    """Return the traceback of what a function raised, without the frames of the host that called it."""
    host_folder = Path(__file__).parent
    first = trace = error.__traceback__
    while trace:
        if Path(trace.tb_frame.f_code.co_filename).is_relative_to(host_folder):
            first = trace.tb_next
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, first)).rstrip()


def _milliseconds(started: float) -> int:
    return int((time.perf_counter() - started) * 1000)

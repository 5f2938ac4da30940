"""Which checks are asked of a running app, wherever it runs, and which are left when it does not answer."""

import time
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from doctor.catalogue import APP_CHECKS, checks_of
from doctor.connection import CLOCK_LIMIT_SECONDS, judge_clock
from doctor.deployed import AppAnswers, check_auth, hub_names
from doctor.findings import Finding, Verdict
from doctor.folder.connections import Service
from doctor.folder.functions import Index, check_indexed
from doctor.health import check_health
from doctor.hub import check_client_url, check_name
from doctor.round_trip import check_round_trip
from doctor.webhook import check_webhook

ROUND_TRIP_FACTOR = 2
"""A message goes through the service and the app, and either may have to start: it is given twice the time."""


@dataclass(frozen=True, slots=True)
class App:
    """A running app: what it answered, and what it is compared with.

    `names` are names of the hub by where they were read, `index` returns the functions of the folder. `timeout` and
    `clock_limit` are in seconds. `asked_elsewhere` are checks that are made without the app.
    """

    url: str
    answers: AppAnswers
    service: Service | None
    names: Mapping[str, str]
    index: Callable[[], Index]
    function_key: str = field(default="", repr=False)
    timeout: float = 10.0
    trusts_signature: bool = True
    clock_limit: float = CLOCK_LIMIT_SECONDS
    asked_elsewhere: frozenset[str] = frozenset()


def examine_app(app: App, examine_more: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Yield the findings about an app; `examine_more` gives those that depend on where it runs.

    Where no chat answers, that is one finding, and the others are unknown: each would only say it again.
    """
    alive, ready = check_health(app.url, function_key=app.function_key or None, timeout=app.timeout)
    yield alive
    yield ready
    asked = {alive.check, ready.check} | app.asked_elsewhere
    if app.answers.problem or (app.answers.is_absent and alive.verdict is not Verdict.OK):
        if not app.answers.problem:
            yield check_indexed(app.index, app.url, app.function_key or None, app.timeout)
            asked.add("functions.indexed")
        yield from not_asked("not asked: no chat answers", "see health.alive", besides=asked)
        return
    yield judge_clock("clock.app", "the app", app.answers.date, time.time(), limit=app.clock_limit)
    yield check_auth(app.answers)
    yield check_name({**app.names, **hub_names(app.answers)})
    if app.service and app.answers.client_url:
        yield check_client_url(app.answers.client_url, app.service.endpoint)
    yield check_indexed(app.index, app.url, app.function_key or None, app.timeout)
    yield from examine_more()
    yield from _examine_webhook(app)
    yield from check_round_trip(app.url, timeout=app.timeout * ROUND_TRIP_FACTOR)


def _examine_webhook(app: App) -> Iterator[Finding]:
    origin = urlsplit(app.service.endpoint).hostname if app.service else app.answers.service_host
    hub = app.answers.hub or (app.service.hub if app.service else "")
    if not origin or not hub:
        seen = "not asked: the app does not tell its service's host, whose questions are to be answered"
        for name in checks_of("webhook"):
            yield Finding(name, Verdict.UNKNOWN, seen, "give --connection-string or --function-key")
        return
    key = app.service.connection.access_key if app.service and app.service.connection else None
    yield from check_webhook(
        app.url,
        hub,
        origin,
        access_key=key if app.trusts_signature else None,
        function_key=app.function_key or None,
        timeout=app.timeout,
    )


def not_asked(seen: str, fix: str, *, besides: Container[str]) -> Iterator[Finding]:
    """Yield that the checks of a running app make no sense now, but for some."""
    for name in APP_CHECKS:
        if name not in besides:
            yield Finding(name, Verdict.UNKNOWN, seen, fix)

"""Which checks are asked, in which order: of this machine, of a service, and of a running app."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from chat.errors import NotConfigured
from chat.settings import DEFAULT_HUB, Settings, parse_connection_string
from doctor.catalogue import APP_CHECKS, checks_of
from doctor.connection import (
    CLOCK_LIMIT_SECONDS,
    START,
    Bearer,
    ask_address,
    check_identity,
    check_token,
    judge_address,
    judge_clock,
    key_bearer,
)
from doctor.deployed import AppAnswers, ask_app, check_auth, check_detail, hub_names
from doctor.findings import Finding, Verdict
from doctor.folder.connections import Service, age_limit, move_ports, service_of, trusts_signature
from doctor.folder.files import (
    AppSettings,
    UnreadableFile,
    configured_runtime,
    read_app_settings,
    read_json,
    read_requirements_file,
)
from doctor.folder.functions import check_import, check_indexed, index_folder
from doctor.folder.package import check_bundle, check_package, unreadable_host
from doctor.folder.settings import check_settings, unreadable_file
from doctor.folder.versions import (
    check_libraries,
    check_local_python,
    check_packages,
    check_python,
    installed_libraries,
    running_python,
)
from doctor.health import check_health
from doctor.http import NoAnswer
from doctor.hub import check_client_url, check_handler, check_name, unreadable_hubs
from doctor.ports import chat_ports, check_port
from doctor.round_trip import check_round_trip
from doctor.storage import check_durable, check_tables
from doctor.symptoms import Symptom
from doctor.webhook import check_webhook

DEFAULT_PORTS = {"functions": 7071, "webpubsub": 8080, "tables": 10002}
ROUND_TRIP_FACTOR = 2
"""A message goes through the service and the app, and either may have to start: it is given twice the time."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is examined: with a `url` a running app, with a `connection_string` a service, else this machine.

    `timeout` is in seconds, for each request. `ports` are those of this machine.
    """

    folder: Path
    url: str = ""
    function_key: str = field(default="", repr=False)
    connection_string: str = field(default="", repr=False)
    hub: str = ""
    ports: Mapping[str, int] = field(default_factory=lambda: DEFAULT_PORTS)
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class App:
    """A running app: what it answered, and what it is compared with.

    `names` are names of the hub by where they were read. `clock_limit` is in seconds.
    """

    url: str
    answers: AppAnswers
    service: Service | None
    names: Mapping[str, str]
    trusts_signature: bool = True
    clock_limit: float = CLOCK_LIMIT_SECONDS


def examine(options: Options, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding for each check, as soon as it is made. Raises ValueError for an address that is none."""
    if options.url or options.connection_string:
        yield from _examine_remote(options)
    else:
        yield from _examine_machine(options, environment)


# --- what was given by options ---------------------------------------------------


def _examine_remote(options: Options) -> Iterator[Finding]:
    service = None
    if options.connection_string:
        string, service = read_service(options.connection_string, options.hub)
        yield string
    if service is not None:
        yield from _examine_service(service, options.timeout, CLOCK_LIMIT_SECONDS)
    if options.url:
        answers = ask_app(options.url, options.function_key, options.timeout)
        names = {"the option --hub": options.hub} if options.hub else {}
        app = App(options.url, answers, service, names, trusts_signature=answers.trusts_signature)
        yield from _examine_app(options, app)
        if not answers.problem:
            key = options.function_key or None
            yield check_indexed(lambda: index_folder(options.folder, {}), options.url, key, options.timeout)
            yield from _examine_deployed(options.folder, answers)
            yield from _examine_traffic(options, app)


def read_service(connection_string: str, hub: str) -> tuple[Finding, Service | None]:
    """Say whether a connection string can be read; return the service that it names, None when it cannot."""
    try:
        connection = parse_connection_string(connection_string, "the connection string")
    except NotConfigured as problem:
        fix = "copy the whole text: Endpoint=…;AccessKey=…;Version=1.0;"
        return Finding("connection.string", Verdict.WRONG, str(problem), fix, Symptom.REST_REFUSED), None
    seen = f"it names {connection.endpoint}, and has a key"
    service = Service(connection.endpoint, hub or DEFAULT_HUB, connection)
    return Finding("connection.string", Verdict.OK, seen), service


def _examine_deployed(folder: Path, app: AppAnswers) -> Iterator[Finding]:
    """Yield what only the details of a deployed app tell."""
    python = str(app.details.get("python", ""))
    yield check_python(python, configured_runtime(folder), "runs the app")
    libraries = app.details.get("libraries")
    installed = {str(name): str(text) for name, text in libraries.items()} if isinstance(libraries, dict) else {}
    yield check_libraries(read_requirements_file(folder), python, installed, "of the app")
    yield check_detail("storage.tables", "storage", app)
    yield check_detail("storage.durable", "durable", app)


# --- this machine ----------------------------------------------------------------


def _examine_machine(options: Options, environment: Mapping[str, str]) -> Iterator[Finding]:
    try:
        found = read_app_settings(options.folder, environment)
    except UnreadableFile as problem:
        yield unreadable_file(str(problem))
        found = AppSettings(environment, frozenset())
    else:
        yield from check_settings(options.folder, found)
    settings = Settings(move_ports(found.values, options.ports["webpubsub"], options.ports["tables"]))
    index = index_folder(options.folder, settings.values)
    yield check_import(index)
    yield from _examine_folder(options.folder)
    yield from (check_port(port) for port in chat_ports(**options.ports))
    service, limit = service_of(settings), age_limit(settings)
    if service is not None:
        yield from _examine_service(service, options.timeout, limit)
    base_url = f"http://localhost:{options.ports['functions']}"
    yield _examine_handler(options.folder, settings.hub, base_url)
    yield check_tables(settings, options.timeout)
    app = App(
        base_url,
        ask_app(base_url, options.function_key, options.timeout),
        service,
        {"the setting WebPubSubHub": settings.hub},
        trusts_signature=trusts_signature(settings),
        clock_limit=limit,
    )
    if app.answers.is_refused:
        yield from not_running(base_url)
        return
    yield from _examine_app(options, app)
    yield check_indexed(lambda: index, base_url, options.function_key or None, options.timeout)
    yield check_durable(base_url, options.timeout)
    yield from _examine_traffic(options, app)


def not_running(base_url: str) -> Iterator[Finding]:
    """Yield for each check of a running app that there is none on this machine."""
    local = ("storage.tables", "python.version", "libraries.versions")
    for name in APP_CHECKS:
        if name not in local:
            yield Finding(name, Verdict.UNKNOWN, f"the chat does not run at {base_url}", START)


def _examine_folder(folder: Path) -> Iterator[Finding]:
    configured, requirements = configured_runtime(folder), read_requirements_file(folder)
    try:
        yield check_bundle(read_json(folder / "host.json"))
    except UnreadableFile as problem:
        yield unreadable_host(str(problem))
    yield check_package(folder)
    yield check_local_python(configured)
    python = running_python()
    yield check_libraries(requirements, python, installed_libraries(requirements, python), "on this machine")
    if packages := check_packages(folder, configured):
        yield packages


def _examine_handler(folder: Path, hub: str, base_url: str) -> Finding:
    try:
        return check_handler(read_json(folder / "webpubsub.json"), hub, base_url)
    except UnreadableFile as problem:
        return unreadable_hubs(str(problem))


# --- a service, and an app that runs ------------------------------------------------


def _examine_service(service: Service, timeout: float, clock_limit: float) -> Iterator[Finding]:
    answer = ask_address(service.endpoint, timeout)
    address = judge_address(service.endpoint, answer)
    yield address
    bearer: Bearer | None = None
    if service.connection:
        bearer = key_bearer(service.connection)
    else:
        identity, bearer = check_identity(service.client_id)
        yield identity
    if isinstance(answer, NoAnswer) or address.verdict is not Verdict.OK or bearer is None:
        first = "connection.address" if bearer else "connection.identity"
        for name in ("connection.token", "clock.service"):
            yield Finding(name, Verdict.UNKNOWN, f"not asked: {first} is not ok", f"see {first}", address.symptom)
        return
    yield check_token(service.endpoint, service.hub, bearer, timeout)
    yield judge_clock("clock.service", "the service", answer.date, time.time(), limit=clock_limit)


def _examine_app(options: Options, app: App) -> Iterator[Finding]:
    yield from check_health(app.url, function_key=options.function_key or None, timeout=options.timeout)
    if app.answers.problem:
        for name in APP_CHECKS[2:]:
            yield Finding(name, Verdict.UNKNOWN, "not asked: the app does not answer", "see health.alive")
        return
    yield judge_clock("clock.app", "the app", app.answers.date, time.time(), limit=app.clock_limit)
    yield check_auth(app.answers)
    yield check_name({**app.names, **hub_names(app.answers)})
    if app.service and app.answers.client_url:
        yield check_client_url(app.answers.client_url, app.service.endpoint)


def _examine_traffic(options: Options, app: App) -> Iterator[Finding]:
    origin = urlsplit(app.service.endpoint).hostname if app.service else app.answers.service_host
    hub = app.answers.hub or (app.service.hub if app.service else "")
    if origin and hub:
        key = app.service.connection.access_key if app.service and app.service.connection else None
        yield from check_webhook(
            app.url,
            hub,
            origin,
            access_key=key if app.trusts_signature else None,
            function_key=options.function_key or None,
            timeout=options.timeout,
        )
    else:
        for name in checks_of("webhook"):
            seen = "not asked: the app does not tell its service's host, whose questions are to be answered"
            yield Finding(name, Verdict.UNKNOWN, seen, "give --connection-string or --function-key")
    yield from check_round_trip(app.url, timeout=options.timeout * ROUND_TRIP_FACTOR)

"""Which checks are asked, in which order: of this machine, of a service, and of a running app."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from chat.errors import NotConfigured
from chat.settings import DEFAULT_HUB, Settings, parse_connection_string
from doctor.connection import (
    CLOCK_LIMIT_SECONDS,
    START,
    Bearer,
    ask_address,
    check_identity,
    check_token,
    is_on_this_machine,
    judge_address,
    judge_clock,
    key_bearer,
)
from doctor.deployed import AppAnswers, ask_app, check_detail
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
from doctor.folder.functions import check_import, index_folder
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
from doctor.http import NoAnswer
from doctor.hub import check_handler, unreadable_hubs
from doctor.ports import chat_ports, check_port
from doctor.running_app import App, examine_app, not_asked
from doctor.storage import check_durable, check_tables
from doctor.symptoms import Symptom

DEFAULT_PORTS = {"functions": 7071, "webpubsub": 8080, "tables": 10002}
ASKED_WITHOUT_AN_APP = frozenset(("storage.tables", "python.version", "libraries.versions"))
"""On this machine, what an app elsewhere has to tell is seen directly."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is examined: with a `url` a running app, with a `connection_string` a service, else this machine.

    `variables` is a file of settings in place of local.settings.json. `timeout` is in seconds, for each request.
    `ports` are those of this machine.
    """

    folder: Path
    url: str = ""
    function_key: str = field(default="", repr=False)
    connection_string: str = field(default="", repr=False)
    hub: str = ""
    variables: Path | None = None
    ports: Mapping[str, int] = field(default_factory=lambda: DEFAULT_PORTS)
    timeout: float = 10.0


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
        key, trusted = options.function_key, answers.trusts_signature
        index = partial(index_folder, options.folder, {})
        app = App(options.url, answers, service, names, index, key, options.timeout, trusted)
        yield from examine_app(app, lambda: _examine_deployed(options.folder, answers))


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
    """Yield what a deployed app tells only to who has its key."""
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
        found = read_app_settings(options.folder, environment, options.variables)
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
    if service is not None and is_on_this_machine(service.endpoint):
        yield _examine_handler(options.folder, settings.hub, base_url)
    yield check_tables(settings, options.timeout)
    answers = ask_app(base_url, options.function_key, options.timeout)
    if answers.is_refused:
        yield from not_asked(f"the chat does not run at {base_url}", START, besides=ASKED_WITHOUT_AN_APP)
        return
    names = {"the setting WebPubSubHub": settings.hub}
    key, trusted = options.function_key, trusts_signature(settings)
    app = App(
        base_url, answers, service, names, lambda: index, key, options.timeout, trusted, limit, ASKED_WITHOUT_AN_APP
    )
    yield from examine_app(app, lambda: iter([check_durable(base_url, options.timeout)]))


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

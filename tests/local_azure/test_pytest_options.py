"""The ini options of the pytest plugin: what they mean, and which are refused."""

import ast
import re
from pathlib import Path

import pytest

from local_azure import pytest_plugin
from local_azure.pytest_options import INI_OPTIONS, InvalidOption, Options, read_options

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "local-azure" / "installing.md").read_text(encoding="utf-8")
NONE = dict.fromkeys(INI_OPTIONS, "")
FILE = """{"Urls": "http://127.0.0.1:1", "WebPubSub": {"Hubs": {"chat": {"AnonymousConnectPolicy": "allow"}}}}"""


def options(folder: Path, worker: str = "", **values: str) -> Options:
    """Return the options of these values, whose names are without their common beginning."""
    given = {f"local_azure_{name}": value for name, value in values.items()}
    return read_options(NONE | given, folder, {"PYTEST_XDIST_WORKER": worker} if worker else {})


def test_without_values_everything_is_as_by_default(tmp_path: Path) -> None:
    assert options(tmp_path) == Options()
    assert options(tmp_path).settings() is None


def test_the_settings_file_is_found_beside_the_ini_file(tmp_path: Path) -> None:
    (tmp_path / "webpubsub.json").write_text(FILE)

    settings = options(tmp_path, webpubsub_settings="webpubsub.json").settings()

    assert settings
    assert settings.hub("chat").anonymous_connect_policy == "allow"


def test_the_event_handler_gets_every_event_of_the_hub_beside_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "webpubsub.json").write_text(FILE)
    template = "http://localhost:7071/{event}"

    chosen = options(
        tmp_path, webpubsub_settings="webpubsub.json", webpubsub_hub="Chat", webpubsub_event_handler=template
    )

    settings = chosen.settings()
    assert settings
    (handler,) = settings.hub("chat").event_handlers
    assert (handler.url_template, handler.event_pattern) == (template, "*")
    assert handler.system_events == ("connect", "connected", "disconnected")
    assert settings.hub("chat").anonymous_connect_policy == "allow"


@pytest.mark.parametrize(("worker", "port"), [("", 9000), ("master", 9000), ("gw0", 9000), ("gw3", 9003)])
def test_each_worker_of_xdist_has_a_port_of_its_own(tmp_path: Path, worker: str, port: int) -> None:
    assert options(tmp_path, worker, webpubsub_port="9000").port == port
    assert options(tmp_path, worker, tables_port="9000").tables_port == port
    assert options(tmp_path, worker, webpubsub_port="0").port == 0


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"webpubsub_port": "99999"}, "webpubsub_port is '99999'; it must be a whole number from 0 to 65535"),
        ({"tables_port": "any"}, "tables_port is 'any'; it must be a whole number from 0 to 65535"),
        ({"webpubsub_port": "65535"}, "webpubsub_port is 65535; for worker 1 it would be above 65535"),
        ({"webpubsub_settings": "none.json"}, "webpubsub_settings is 'none.json', and there is no file"),
        ({"webpubsub_event_handler": "http://x/"}, "webpubsub_event_handler is 'http://x/', and no local_azure_"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_with_its_value(
    tmp_path: Path, values: dict[str, str], refusal: str
) -> None:
    with pytest.raises(InvalidOption, match=f"^local_azure_{re.escape(refusal)}"):
        options(tmp_path, "gw1", **values)


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"webpubsub_settings": "bad.json"}, "^local_azure_webpubsub_settings: .* is not JSON"),
        (
            {"webpubsub_event_handler": "/path", "webpubsub_hub": "chat"},
            "^local_azure_webpubsub_event_handler is '/path', .* absolute http",
        ),
        (
            {"webpubsub_event_handler": "http://x/", "webpubsub_hub": "no hub"},
            "local_azure_webpubsub_hub is 'no hub': .*no hub",
        ),
    ],
)
def test_settings_that_cannot_be_used_are_refused_when_a_test_needs_them(
    tmp_path: Path, values: dict[str, str], refusal: str
) -> None:
    (tmp_path / "bad.json").write_text("{")

    with pytest.raises(InvalidOption, match=refusal):
        options(tmp_path, **values).settings()


def test_the_page_about_installing_lists_every_option_and_every_fixture() -> None:
    rows = "".join(re.findall(r"^\| (`[^|]*) \|", PAGE, re.MULTILINE))
    listed = set(re.findall(r"`(\w+)`", rows))
    functions = ast.walk(ast.parse(Path(pytest_plugin.__file__).read_text(encoding="utf-8")))
    fixtures = {
        function.name
        for function in functions
        if isinstance(function, ast.FunctionDef) and any("fixture" in ast.unparse(d) for d in function.decorator_list)
    }

    assert len(fixtures) > 6
    assert set(INI_OPTIONS) | fixtures <= listed

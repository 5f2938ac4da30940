"""Where the host listens, and what it says when it starts."""

import argparse
import json
import re
from pathlib import Path

import pytest

from local_azure.functions.options import add_arguments, parse_options
from tests.local_azure.functions.apps import Serve


def address(folder: Path, *arguments: str) -> tuple[str, int]:
    """Return where the command would listen."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parse_options(parser.parse_args(arguments), folder)
    return options.host, options.port


def test_h072_the_host_listens_on_loopback_and_port_7071(tmp_path: Path) -> None:
    assert address(tmp_path) == ("127.0.0.1", 7071)


def test_h072_the_command_line_wins_over_local_settings(tmp_path: Path) -> None:
    local = {"IsEncrypted": False, "Values": {}, "Host": {"LocalHttpPort": 7080}}
    (tmp_path / "local.settings.json").write_text(json.dumps(local))

    assert address(tmp_path) == ("127.0.0.1", 7080)
    assert address(tmp_path, "--host", "0.0.0.0", "--port", "0") == ("0.0.0.0", 0)


@pytest.mark.parametrize("prefix", ["api", ""])
async def test_h073_the_list_has_one_line_for_a_function_sorted_by_name(serve: Serve, prefix: str) -> None:
    source = """
    @app.route(route="things/{id}", methods=["GET", "POST"])
    def zebra(req: func.HttpRequest) -> func.HttpResponse: ...

    @app.route(route="{*path}")
    def Monkey(req: func.HttpRequest) -> func.HttpResponse: ...

    @app.route(route="first", methods=["DELETE"])
    def ant(req: func.HttpRequest) -> func.HttpResponse: ...
    """

    async with serve(source, host_json={"extensions": {"http": {"routePrefix": prefix}}}) as served:
        lines = [line.strip() for line in served.host.startup_banner().splitlines() if "http://" in line]
        url = served.host.url.replace("127.0.0.1", "localhost") + (f"/{prefix}" if prefix else "")

    assert [re.sub(r"\s+", " ", line) for line in lines] == [
        f"ant: [DELETE] {url}/first",
        f"Monkey: {url}/{{*path}}",
        f"zebra: [GET,POST] {url}/things/{{id}}",
    ]

"""azure.yaml has only what azd knows, and names files and tags that exist."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests.infra.bicep_reader import INFRA, read_infra
from tests.infra.deployment_rules import SHAPES, deploy

ROOT = INFRA.parent
# The parts of azd's schema that the file uses, closed: azd's own (Azure/azure-dev, schemas/v1.0/azure.yaml.json, commit
# 00cddf712c93bcaac4ddf03d0d3f68bb1e478a34) takes unknown names of the first two, so it would not find a misspelt one.
TOP = {"name", "resourceGroup", "metadata", "infra", "services", "pipeline", "hooks", "requiredVersions", "workflows"}
SERVICE = {"project", "host", "language", "dist", "remoteBuild", "resourceName", "resourceGroup", "hooks", "config"}
PHASES = ("restore", "build", "package", "publish", "deploy")
SERVICE_HOOKS = {when + phase for when in ("pre", "post") for phase in PHASES}
HOOKS = {when + phase for when in ("pre", "post") for phase in (*PHASES, "provision", "up", "down")} - {
    "prebuild",
    "postbuild",
}
HOOK = {"shell", "kind", "dir", "run", "continueOnError", "interactive", "secrets", "config", "windows", "posix"}
SHELLS = {"posix": "sh", "windows": "pwsh"}


def read() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "azure.yaml").read_text())
    return content


def hooks() -> Iterator[tuple[str, dict[str, Any]]]:
    content = read()
    yield from content["hooks"].items()
    for service in content["services"].values():
        yield from service["hooks"].items()


def test_azd_knows_every_name_in_it() -> None:
    content = read()

    assert set(content) <= TOP
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", content["name"])
    assert content["infra"] == {"provider": "bicep", "path": "infra", "module": "main"}
    assert set(content["hooks"]) <= HOOKS
    for service in content["services"].values():
        assert set(service) <= SERVICE
        assert set(service["hooks"]) <= SERVICE_HOOKS
    for _, hook in hooks():
        assert set(hook) <= HOOK


def test_each_hook_is_for_both_kinds_of_systems_and_runs_the_same_file() -> None:
    for name, hook in hooks():
        assert set(hook) == {"posix", "windows"}, name
        assert {system: each["shell"] for system, each in hook.items()} == SHELLS
        posix, windows = hook["posix"]["run"].split(), hook["windows"]["run"].split()
        assert (posix[0], windows[0]) == ("python3", "python")
        assert posix[1:] == windows[1:]
        assert (ROOT / posix[1]).is_file(), posix[1]


def test_its_service_is_the_app_of_the_template() -> None:
    tag = deploy(read_infra(), SHAPES[0]).resources["chat.app"]["tags"]["azd-service-name"]
    service = read()["services"]

    assert set(service) == {tag}
    assert (service[tag]["host"], service[tag]["language"], service[tag]["project"]) == ("function", "python", ".")


def test_every_extension_that_a_file_uses_is_configured() -> None:
    configured = json.loads((INFRA / "bicepconfig.json").read_text())["extensions"]

    used = {name for document in read_infra().values() for name in document.extensions}
    assert used == set(configured)
    assert configured["microsoftGraphV1"] == "br:mcr.microsoft.com/bicep/extensions/microsoftgraph/v1.0:1.0.0"

"""What a deployment asks for, evaluated for each way to deploy: settings, trust, roles, addresses, outputs."""

import json
import re

import pytest

from infra.hooks.hub_settings import WantedHandler, find_differences, merge_settings
from infra.hooks.postdeploy import NEEDED
from tests.infra.bicep_reader import INFRA, read_infra
from tests.infra.bicep_values import Flag, Items, Number, Object, Parameter, Text, Value
from tests.infra.deployment_rules import RULES, SHAPES, Deployed, Shape, deploy, find_problems
from tests.infra.type_data import Basic, read_type_data

# The hooks and the doctor read these from azd's environment.
OUTPUTS = {
    "AZURE_RESOURCE_GROUP",
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_TENANT_ID",
    "CHAT_APP_NAME",
    "CHAT_APP_URL",
    "CHAT_AUTH",
    "CHAT_DURABLE",
    "CHAT_HUB",
    "CHAT_WEBHOOK_AUDIENCE",
    "CHAT_WEBPUBSUB_ENDPOINT",
    "CHAT_WEBPUBSUB_NAME",
}


def deployed(shape: Shape) -> Deployed:
    return deploy(read_infra(), shape, admins="aad:1", alwaysReadyHttp=1, alwaysReadyDurable=2)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_what_is_deployed_keeps_to_the_rule(rule: object, shape: Shape) -> None:
    assert callable(rule)
    assert list(rule(deployed(shape))) == []


def test_a_deployment_without_further_parameters_has_no_admins_and_no_instances_that_always_run() -> None:
    plain = deploy(read_infra(), Shape("open", "azureStorage"))

    assert "ChatAdmins" not in plain.settings
    assert plain.resources["chat.app"]["properties"]["functionAppConfig"]["scaleAndConcurrency"]["alwaysReady"] == []


def test_further_settings_are_taken_and_never_replace_those_of_the_template() -> None:
    chat = deploy(
        read_infra(), Shape("open", "azureStorage"), appSettings={"ChatRetentionDays": "90", "ChatWebhookTrust": "none"}
    )

    assert (chat.settings["ChatRetentionDays"], chat.settings["ChatWebhookTrust"]) == ("90", "identity")


def test_the_free_tier_has_one_unit_and_others_as_many_as_asked() -> None:
    units = {
        tier: deploy(read_infra(), SHAPES[0], serviceTier=tier, serviceUnits=5).resources["chat.service"]["sku"][
            "capacity"
        ]
        for tier in ("Free_F1", "Standard_S1")
    }

    assert units == {"Free_F1": 1, "Standard_S1": 5}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_outputs_are_those_that_the_hooks_read(shape: Shape) -> None:
    outputs = deployed(shape).outputs

    assert set(outputs) == OUTPUTS
    assert all(outputs.values())


def test_the_postdeploy_hook_reads_what_the_template_says() -> None:
    assert set(NEEDED) <= OUTPUTS


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_postdeploy_hook_would_make_the_same_hub_as_the_template(shape: Shape) -> None:
    chat = deployed(shape)
    wanted = WantedHandler(chat.outputs["CHAT_APP_URL"], chat.outputs["CHAT_WEBHOOK_AUDIENCE"])

    hub = chat.resources["chat.hubSettings.hubSettings"]["properties"]

    assert find_differences(hub, wanted) == []
    assert merge_settings(None, wanted) == hub


def test_the_names_keep_to_the_limits_of_their_types() -> None:
    names = {
        "Microsoft.Storage/storageAccounts@2025-01-01": "chat.storage",
        "Microsoft.SignalRService/webPubSub@2024-03-01": "chat.service",
        "Microsoft.OperationalInsights/workspaces@2025-02-01": "chat.logs",
        "Microsoft.DurableTask/schedulers@2025-11-01": "chat.scheduler.scheduler",
    }
    resources = deployed(Shape("easyauth", "azureManaged")).resources

    for kind, name in names.items():
        limits = read_type_data().resources[kind].properties["name"].shape
        assert isinstance(limits, Basic)
        found = resources[name]["name"]
        assert re.fullmatch(limits.limits.pattern or ".*", found)
        assert (limits.limits.min_length or 1) <= len(found) <= (limits.limits.max_length or 64)


def test_a_broken_expression_is_a_problem_and_no_crash() -> None:
    without_hub = {**read_infra(), "hub.bicep": read_infra()["roles.bicep"]}

    assert any("LookupError" in problem for problem in find_problems(without_hub))


def test_the_parameters_file_gives_every_parameter_its_default() -> None:
    """azd reads it: `${NAME=default}` is a value of the environment. A default that differs would hide the file's."""
    given = json.loads((INFRA / "main.parameters.json").read_text())["parameters"]
    known = {each.name: each for each in read_infra()["main.bicep"].of_kind(Parameter)}

    assert set(given) == set(known) - {"appSettings"}
    for name, content in given.items():
        found = re.fullmatch(r"\$\{(AZURE|CHAT)_[A-Z_]+(?:=(?P<default>[^}]*))?\}", content["value"])
        assert found, name
        default = known[name].default
        if default is not None:
            assert (found["default"] or "") == as_text(default), name


def as_text(value: Value) -> str:
    match value:
        case Text():
            return value.literal or ""
        case Number():
            return str(value.number)
        case Flag():
            return str(value.flag).lower()
    assert isinstance(value, Object | Items)
    return ""


def test_every_variable_of_the_parameters_file_is_documented() -> None:
    variables = re.findall(r"\$\{([A-Z_]+)", (INFRA / "main.parameters.json").read_text())
    page = (INFRA.parent / "docs" / "infrastructure.md").read_text()

    assert [name for name in variables if f"`{name}`" not in page] == []

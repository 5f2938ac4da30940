"""The section `extensions.durableTask` of host.json."""

from typing import Any

import pytest

from local_azure.functions.durable import DurableOptions


def test_settings_of_host_json_are_found_in_any_case() -> None:
    options = DurableOptions.from_host_json(
        {
            "MaxEntityOperationBatchSize": 7,
            "maxConcurrentActivityFunctions": "3",
            "maxConcurrentOrchestratorFunctions": 4,
            "maxConcurrentEntityFunctions": 5,
            "defaultVersion": "2.0",
            "overridableExistingInstanceStates": "AnyState",
            "hubName": "not ours",
        }
    )

    assert (options.max_entity_batch, options.max_activities) == (7, 3)
    assert (options.max_orchestrators, options.max_entities) == (4, 5)
    assert (options.default_version, options.replace_running) == ("2.0", True)


def test_an_empty_section_is_the_defaults() -> None:
    assert DurableOptions.from_host_json({}) == DurableOptions()
    assert not DurableOptions().replace_running


def test_unknown_states_are_refused() -> None:
    with pytest.raises(ValueError, match="must be NonRunningStates or AnyState, not 'Some'"):
        DurableOptions.from_host_json({"overridableExistingInstanceStates": "Some"})


@pytest.mark.parametrize("value", [0, -1, "many", None, 1.5])
def test_an_invalid_number_is_refused_with_its_name(value: Any) -> None:
    with pytest.raises(
        ValueError, match=r"extensions\.durableTask\.maxEntityOperationBatchSize must be a whole number"
    ):
        DurableOptions.from_host_json({"maxEntityOperationBatchSize": value})


@pytest.mark.parametrize("value", [True, "true", "True"])
def test_d085_extended_sessions_are_refused_as_the_extension_refuses_them_for_python(value: Any) -> None:
    with pytest.raises(ValueError, match=r"extendedSessionsEnabled must be false: .* in-process \.NET only"):
        DurableOptions.from_host_json({"extendedSessionsEnabled": value})


@pytest.mark.parametrize("value", [False, "false"])
def test_d085_extended_sessions_may_be_switched_off(value: Any) -> None:
    section = {"extendedSessionsEnabled": value, "extendedSessionIdleTimeoutInSeconds": 30}

    assert DurableOptions.from_host_json(section) == DurableOptions()

"""Every check that can be wrong is made wrong by real means, and says what was seen, the fix and where to read more."""

import json
from pathlib import Path

import pytest

from doctor.catalogue import CHECKS, NEVER_WRONG
from doctor.findings import Finding, Verdict
from doctor.report import format_line
from doctor.symptoms import Symptom
from tests.chat.local_chat import LocalChat
from tests.doctor.folder_faults import FOLDER_FAULTS
from tests.doctor.live_faults import LIVE_FAULTS
from tests.doctor.settings_faults import FILE_FAULTS, ROOT, SETTINGS_FAULTS, find_in_file

# The checks whose faults are in test modules of their own, with one test each that makes it wrong.
ELSEWHERE = {
    "connection.string": "test_examination.py::test_a_connection_string_that_cannot_be_read_ends_the_questions",
    "health.alive": "test_health.py::test_an_app_that_is_not_alive_is_asked_nothing_more",
    "health.ready": "test_health.py::test_what_is_not_ready_is_named_where_the_key_is_given",
    "webhook.validation": "test_webhook.py::test_a_host_that_answers_options_without_the_header_is_found",
    "webhook.cors": "test_webhook.py::test_a_host_that_answers_options_without_the_header_is_found",
    "webhook.foreign_origin": "test_webhook.py::test_an_app_that_any_service_may_register_is_found",
    "webhook.several_origins": "test_webhook.py::test_an_app_that_takes_several_origins_for_one_is_found",
    "webhook.easyauth": "test_webhook.py::test_a_sign_in_before_the_app_is_found",
    "webhook.unsigned": "test_webhook.py::test_a_route_whose_key_nobody_checks_is_found",
    "webhook.wrong_signature": "test_webhook.py::test_a_route_whose_key_nobody_checks_is_found",
    "webhook.foreign_bearer": "test_webhook.py::test_a_route_whose_key_nobody_checks_is_found",
    "webhook.right_signature": "test_webhook.py::test_an_app_with_another_key_is_found",
    "round_trip.negotiate": "test_round_trip.py::test_an_app_where_nobody_may_connect_is_found",
    "round_trip.connect": "test_round_trip.py::test_a_service_that_cannot_be_reached_from_here_is_found",
    "round_trip.join": "test_round_trip.py::test_a_hub_without_a_handler_is_found_when_the_room_is_joined",
    "round_trip.send": "test_round_trip.py::test_a_service_that_refuses_the_app_is_found_when_a_message_is_published",
    "round_trip.receive": "test_round_trip.py::test_a_message_that_does_not_come_back_is_found_and_its_room_left",
    "round_trip.history": "test_round_trip.py::test_a_history_without_the_message_is_found_and_the_message_deleted",
}


def must_be_wrong(finding: Finding, check: str, seen: str) -> None:
    """Assert that a finding is wrong, and has all that its line needs."""
    assert (finding.check, finding.verdict) == (check, Verdict.WRONG)
    assert seen in finding.seen
    assert finding.fix
    assert finding.symptom in tuple(Symptom)
    assert f"docs/troubleshooting.md#{finding.symptom}" in format_line(finding)
    assert "s3cret" not in format_line(finding)


def only(findings: list[Finding], check: str) -> Finding:
    (finding,) = (each for each in findings if each.check == check)
    return finding


@pytest.mark.parametrize("name", SETTINGS_FAULTS)
def test_a_wrong_setting_is_found(name: str, tmp_path: Path) -> None:
    fault = SETTINGS_FAULTS[name]
    example = json.loads((ROOT / "local.settings.json.example").read_text())
    content = example | {"Values": example["Values"] | fault.values}

    findings = find_in_file(tmp_path, json.dumps(content))

    must_be_wrong(only(findings, fault.check), fault.check, fault.seen)


@pytest.mark.parametrize("name", FILE_FAULTS)
def test_a_settings_file_that_cannot_be_used_is_found(name: str, tmp_path: Path) -> None:
    findings = find_in_file(tmp_path, FILE_FAULTS[name])

    must_be_wrong(only(findings, "settings.file"), "settings.file", "local.settings.json")
    assert "CfDJ8" not in findings[0].seen


@pytest.mark.parametrize("name", FOLDER_FAULTS)
def test_a_fault_of_the_folder_is_found(name: str, tmp_path: Path) -> None:
    check, seen, find = FOLDER_FAULTS[name]

    must_be_wrong(find(tmp_path), check, seen)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", LIVE_FAULTS)
async def test_a_fault_of_what_runs_is_found(name: str, chat: LocalChat, tmp_path: Path) -> None:
    check, seen, find = LIVE_FAULTS[name]

    must_be_wrong(await find(chat, tmp_path), check, seen)


def test_every_check_that_can_be_wrong_has_a_fault() -> None:
    here = {fault.check for fault in SETTINGS_FAULTS.values()} | {"settings.file"}
    here |= {check for check, _, _ in [*FOLDER_FAULTS.values(), *LIVE_FAULTS.values()]}

    assert here | ELSEWHERE.keys() == CHECKS.keys() - NEVER_WRONG
    assert here & ELSEWHERE.keys() == set()


@pytest.mark.parametrize("place", sorted(set(ELSEWHERE.values())))
def test_a_test_that_makes_a_check_wrong_elsewhere_exists(place: str) -> None:
    module, _, test = place.partition("::")

    assert f"def {test}(" in (ROOT / "tests" / "doctor" / module).read_text()

"""A port is free, ours, or somebody else's: who listens is named where this user may see it."""

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from doctor.findings import Verdict
from doctor.ports import chat_ports, check_port, name_listener, pid_by_proc, pid_by_psutil


@pytest.fixture
def held() -> Iterator[int]:
    """The number of a port that this process holds and never answers at."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("find_pid", [pid_by_psutil, pid_by_proc])
def test_who_listens_is_found_with_psutil_and_without(find_pid: Callable[[int], int | None], held: int) -> None:
    assert find_pid(held) == os.getpid()


def test_who_listens_is_named_without_its_arguments(held: int) -> None:
    name = name_listener(held)

    assert f"(process {os.getpid()})" in name
    assert "pytest.ini" not in name
    assert len(name) < 60


def test_a_port_where_nothing_listens_is_free() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
        assert name_listener(number) == ""
        findings = [check_port(port) for port in chat_ports(number, number, number) if port.number == number]

    assert [finding.verdict for finding in findings] == [Verdict.OK] * 3
    assert all(f"port {number} is free" in finding.seen for finding in findings)


def test_a_program_that_does_not_answer_has_the_port(held: int) -> None:
    finding = check_port(chat_ports(held, 8080, 10002)[0], seconds=0.1)

    assert finding.verdict is Verdict.WRONG
    assert f"port {held} is used by" in finding.seen
    assert "--port" in finding.fix


def test_a_foreign_program_at_a_port_that_only_azurite_takes_is_a_note(held: int) -> None:
    blobs = replace(chat_ports(7071, 8080, 10002)[2], number=held)

    finding = check_port(blobs, seconds=0.1)

    assert (finding.check, finding.verdict) == ("ports.blobs", Verdict.OK)
    assert "python3 dev.py func" in finding.fix

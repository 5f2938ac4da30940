"""Checks of the ports of this machine: each is free, used by the chat's own services, or by somebody else."""

import importlib.util
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from doctor.findings import Finding, Verdict
from doctor.http import NoAnswer, Response, send_request
from doctor.symptoms import Symptom

PROBE_SECONDS = 2.0
BLOBS_PORT, QUEUES_PORT, TABLES_PORT = 10000, 10001, 10002
ADDRESSES = ("127.0.0.1", "::1")
_ACCOUNT = (("GET", "/devstoreaccount1?comp=list"),)
_CHAT = (("GET", "/session"), ("GET", "/admin/functions"))
_AZURITE = "stop that program before python3 dev.py func: Azurite takes this port (python3 dev.py run does not need it)"
_LISTENING = "0A"  # the state in /proc/net/tcp


@dataclass(frozen=True, slots=True)
class Port:
    """A port that the chat uses, what is asked there, whether an answer is that of its service, and what moves it.

    `is_needed` says that `python3 dev.py run` takes the port.
    """

    check: str
    number: int
    service: str
    requests: tuple[tuple[str, str], ...]
    is_ours: Callable[[Response], bool]
    fix: str
    is_needed: bool = True


def chat_ports(functions: int, webpubsub: int, tables: int) -> list[Port]:
    """Return the ports of `dev.py run`, and those that Azurite takes under `dev.py func`."""
    move = "stop that program, or move the chat: python3 dev.py run"
    return [
        Port("ports.functions", functions, "the chat", _CHAT, _is_chat, f"{move} --port 7072"),
        Port(
            "ports.webpubsub",
            webpubsub,
            "Web PubSub",
            (("HEAD", "/api/health"),),
            lambda answer: answer.status == 200,
            f"{move} --webpubsub-port 8081",
        ),
        Port("ports.blobs", BLOBS_PORT, "a storage emulator", _ACCOUNT, _is_storage, _AZURITE, is_needed=False),
        Port("ports.queues", QUEUES_PORT, "a storage emulator", _ACCOUNT, _is_storage, _AZURITE, is_needed=False),
        Port("ports.tables", tables, "Table storage", _ACCOUNT, _is_storage, f"{move} --tables-port 10012"),
    ]


def _is_chat(answer: Response) -> bool:
    content = answer.json()
    # No function at all: the app could not be imported; `functions.imported` says why.
    return (isinstance(content, dict) and "auth" in content) or content == []


def _is_storage(answer: Response) -> bool:
    return bool(answer.header("x-ms-request-id")) or answer.header("server").startswith("Azurite")


def check_port(port: Port, seconds: float = PROBE_SECONDS) -> Finding:
    """Say whether the port is free, ours, or somebody else's; `seconds` are the limit of each question."""
    if not any(_accepts(address, port.number, seconds) for address in ADDRESSES):
        return Finding(port.check, Verdict.OK, f"port {port.number} is free: {port.service} does not run there")
    if any(_answers_as(port, scheme, seconds) for scheme in ("http", "https")):
        return Finding(port.check, Verdict.OK, f"{port.service} runs at port {port.number}")
    owner = name_listener(port.number) or "a program that this user may not see"
    seen = f"port {port.number} is used by {owner}, which does not answer as {port.service}"
    return Finding(port.check, Verdict.WRONG if port.is_needed else Verdict.OK, seen, port.fix, Symptom.PORT)


def _answers_as(port: Port, scheme: str, seconds: float) -> bool:
    at = f"{scheme}://localhost:{port.number}"
    try:
        return any(port.is_ours(send_request(method, at + path, timeout=seconds)) for method, path in port.requests)
    except NoAnswer:
        return False


def _accepts(address: str, port: int, seconds: float) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(seconds)
            probe.connect((address, port))
    except TimeoutError:
        return True  # somebody listens and takes no more connections
    except OSError:
        return False
    return True


def name_listener(port: int) -> str:
    """Return the name and number of the process that listens on a port; "" when this user cannot find out.

    Arguments of processes are not shown: they may hold secrets.
    """
    pid = pid_by_psutil(port) if importlib.util.find_spec("psutil") else pid_by_proc(port)
    if pid is None:
        return ""
    return f"{_process_name(pid)} (process {pid})"


def pid_by_psutil(port: int) -> int | None:
    """Return the process by psutil; None where this user may not see it."""
    import psutil

    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:  # as everywhere on macOS
        return None
    for each in connections:
        if each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port:
            return int(each.pid) if each.pid else None
    return None


def pid_by_proc(port: int) -> int | None:
    """Return the process by Linux's /proc; None elsewhere, and for a process of another user."""
    tables = [Path("/proc/net") / name for name in ("tcp", "tcp6")]
    sockets = {f"socket:[{inode}]" for table in tables for inode in _listening_inodes(table, port)}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            links = list((folder / "fd").iterdir())
        except OSError:  # it ended, or is another user's
            continue
        if any(_target(link) in sockets for link in links):
            return int(folder.name)
    return None


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # it was closed meanwhile
        return ""


def _listening_inodes(table: Path, port: int) -> list[str]:
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return []
    rows = [line.split() for line in lines]
    return [row[9] for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port]


def _process_name(pid: int) -> str:
    try:
        name = (Path("/proc") / str(pid) / "comm").read_text(encoding="utf-8").strip()
    except OSError:
        return _name_by_psutil(pid)
    return re.sub(r"[^\w.+-]", "?", name)


def _name_by_psutil(pid: int) -> str:
    if not importlib.util.find_spec("psutil"):
        return "a program"
    import psutil

    try:
        return str(psutil.Process(pid).name())
    except psutil.Error:
        return "a program"

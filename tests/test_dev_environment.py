"""`dev.py` and `.venv`: it creates its own environment, uses one that somebody else made, and clears only its own."""

import json
import os
import shutil
import signal
import site
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dev_environment import ROOT, RUN_REQUIREMENTS, Stamp, ensure_environment, may_clear, read_stamp, venv_python
from tests.system_parts import needs_posix

COMMANDS = ("run", "test", "check", "bench", "screenshots", "func")
posix_only = needs_posix("a POSIX shell and symbolic links")


# --- the project that dev.py works in: a copy of dev.py, and requirements that need no network -----------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with `dev.py` and requirements: `sample_package` for every command, `sample_runtime` for tests."""
    root = tmp_path / "project"
    (root / "local_azure").mkdir(parents=True)
    for name in ("dev.py", "dev_environment.py"):
        shutil.copy(ROOT / name, root)
    shutil.copy(ROOT / "local.settings.json.example", root)
    for name in ("sample_package", "sample_runtime"):
        write_wheel(root / f"{name}-1.0-py3-none-any.whl", name)
    (root / "requirements.txt").write_text("./sample_package-1.0-py3-none-any.whl\n")
    (root / "local_azure" / "requirements.txt").write_text("")
    (root / "local_azure" / "requirements-functions.txt").write_text("")
    (root / "requirements-dev.txt").write_text("-r requirements.txt\n-r local_azure/requirements.txt\n")
    (root / "requirements-runtime.txt").write_text("./sample_runtime-1.0-py3-none-any.whl\n")
    return root


def write_wheel(file: Path, name: str) -> None:
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def make_environment(venv: Path, *, with_pip: bool = True) -> Path:
    """Make an environment as a person does, with a file of theirs in it; return that file.

    `with_pip` makes the pip of this test run importable in it: installing pip takes seconds. Nothing else of the test
    run is in it, because pip reads what every package there says about itself.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    if with_pip:
        (pip,) = (path for folder in site.getsitepackages() if (path := Path(folder) / "pip").is_dir())
        pip_of_the_test_run = site_packages(venv).parent / "pip_of_the_test_run"
        pip_of_the_test_run.mkdir()
        (pip_of_the_test_run / "pip").symlink_to(pip)
        (site_packages(venv) / "pip_of_the_test_run.pth").write_text(str(pip_of_the_test_run))
    marker = venv / "notes.txt"
    marker.write_text("not made by dev.py")
    return marker


def site_packages(venv: Path) -> Path:
    program = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(subprocess.check_output([venv_python(venv), "-c", program], text=True).strip())


def run_dev(
    root: Path, *arguments: str, python: Path | str = sys.executable, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CI": "", **variables}
    command = [python, root / "dev.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=80, env=environment, check=False)


def stored_stamp(venv: Path) -> dict[str, object]:
    stamp: dict[str, object] = json.loads((venv / "installed.json").read_text())
    return stamp


def write_stamp(venv: Path, **fields: object) -> None:
    (venv / "installed.json").write_text(json.dumps(fields))


# --- the environment that dev.py creates -----------------------------------------------------------------------------


@posix_only
def test_an_interrupted_creation_is_completed_and_what_is_installed_is_not_installed_again(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    venv = project / ".venv"
    command = [sys.executable, str(project / "dev.py"), "run"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    wait_for(lambda: (venv / "pyvenv.cfg").exists())
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

    python = ensure_environment(project, for_tests=True)
    assert (site_packages(venv) / "sample_package.py").exists()
    assert stored_stamp(venv).items() >= {"version": 2, "created": True, "python": sys.version}.items()
    assert "Installing requirements-dev.txt into .venv" in capfd.readouterr().out

    assert ensure_environment(project, for_tests=True) == python
    assert ensure_environment(project, for_tests=False) == python
    assert capfd.readouterr().out == ""


@posix_only
def test_an_environment_that_dev_py_created_with_another_python_is_created_anew(project: Path) -> None:
    """A link in it is removed, and what it leads to stays."""
    marker = make_environment(project / ".venv")
    write_stamp(project / ".venv", python="3.10.0 (earlier)", run="a", dev="b")
    (project / ".venv" / "link").symlink_to(project / "local_azure")

    ensure_environment(project, for_tests=False)

    assert not marker.exists()
    assert not (project / ".venv" / "link").is_symlink()
    assert (project / "local_azure" / "requirements.txt").exists()
    assert (site_packages(project / ".venv") / "sample_package.py").exists()
    assert stored_stamp(project / ".venv").items() >= {"created": True, "python": sys.version, "dev": ""}.items()


def test_an_environment_that_dev_py_created_is_not_cleared_by_its_own_python(project: Path) -> None:
    """An activated `.venv`: clearing it would remove the interpreter that is running."""
    marker = make_environment(project / ".venv")
    write_stamp(project / ".venv", version=2, created=True, python="3.10.0 (earlier)")

    result = run_dev(project, "run", python=venv_python(project / ".venv"))

    assert result.returncode == 2
    assert "run `deactivate`, then repeat" in result.stderr
    assert marker.exists()


def test_an_empty_folder_may_be_cleared_and_what_the_stamp_does_not_claim_may_not(tmp_path: Path) -> None:
    assert may_clear(tmp_path / "absent", read_stamp(tmp_path / "absent"))
    assert may_clear(tmp_path, read_stamp(tmp_path))

    (tmp_path / "notes.txt").write_text("not made by dev.py")

    assert not may_clear(tmp_path, read_stamp(tmp_path))


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ('{"python": "3.11", "run": "a"}', Stamp(created=True, python="3.11", run="a")),
        (
            '{"python": "3.11", "run": "a", "dev": "b"}',
            Stamp(created=True, python="3.11", run="a", dev="b"),
        ),
        ('{"version": 2, "created": true, "python": "3.11"}', Stamp(created=True, python="3.11")),
        ('{"version": 2, "created": false, "dev": "b"}', Stamp(created=False, dev="b")),
        ('{"version": 3, "created": true, "run": ["a"], "more": 1}', Stamp(created=True)),
        ('{"version": 3, "python": "3.11", "run": "a"}', Stamp(created=False, python="3.11", run="a")),
        ('{"packages": []}', Stamp(created=False)),
        ("[]", Stamp(created=False)),
        ('{"created": tr', Stamp(created=False)),
    ],
)
def test_every_form_of_the_stamp_is_read(tmp_path: Path, text: str, stamp: Stamp) -> None:
    (tmp_path / "installed.json").write_text(text)

    assert read_stamp(tmp_path) == stamp


# --- an environment that somebody else made --------------------------------------------------------------------------


def test_an_environment_that_somebody_made_is_installed_into(project: Path, tmp_path: Path) -> None:
    """And not the activated one, if that is another."""
    marker, activated = make_environment(project / ".venv"), tmp_path / "activated"
    make_environment(activated)

    first = run_dev(project, "run", VIRTUAL_ENV=str(activated))
    second = run_dev(project, "run", VIRTUAL_ENV=str(activated))

    assert (first.stdout, second.stdout) == (
        f"Installing {', '.join(RUN_REQUIREMENTS)} into .venv …\n",
        "",
    )
    assert "No module named local_azure" in second.stderr
    assert marker.exists()
    assert (site_packages(project / ".venv") / "sample_package.py").exists()
    assert not (site_packages(activated) / "sample_package.py").exists()
    assert stored_stamp(project / ".venv")["created"] is False


def test_the_tests_need_more_than_the_app(project: Path) -> None:
    make_environment(project / ".venv")
    runtime = site_packages(project / ".venv") / "sample_runtime.py"

    run_dev(project, "run")
    installed_for_run = runtime.exists()
    result = run_dev(project, "bench")

    assert not installed_for_run
    assert result.stdout == "Installing requirements-dev.txt into .venv …\n"
    assert runtime.exists()


def test_after_an_installation_that_failed_nothing_counts_as_installed(project: Path) -> None:
    make_environment(project / ".venv")
    run_dev(project, "run")
    requirements = (project / "requirements.txt").read_text()

    (project / "requirements.txt").write_text("./absent-1.0-py3-none-any.whl\n")
    failed = run_dev(project, "run")
    (project / "requirements.txt").write_text(requirements)
    again = run_dev(project, "run")

    assert failed.returncode == 2
    assert "ended with exit code" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert again.stdout.startswith("Installing requirements.txt")


def usable(venv: Path) -> None:
    make_environment(venv)


def usable_and_stamped_for_another_python(venv: Path) -> None:
    make_environment(venv)
    write_stamp(venv, version=2, created=False, python="3.10.0 (earlier)", run="a", dev="b")


def link_to_one_that_dev_py_created(venv: Path) -> None:
    other = venv.parent / "another_checkout"
    make_environment(other)
    write_stamp(other, version=2, created=True, python="3.10.0 (earlier)", run="a", dev="b")
    venv.symlink_to(other)


@posix_only
@pytest.mark.parametrize(
    ("make", "commands"),
    [
        (usable, COMMANDS),
        (usable_and_stamped_for_another_python, ("run",)),
        (link_to_one_that_dev_py_created, ("run",)),
    ],
)
def test_no_command_clears_an_environment_that_somebody_made(
    project: Path, tmp_path: Path, make: Callable[[Path], None], commands: tuple[str, ...]
) -> None:
    venv = project / ".venv"
    make(venv)
    before = snapshot(venv)
    created = (venv / "installed.json").exists() and stored_stamp(venv)["created"]

    for command in commands:
        result = run_dev(project, command, PATH=str(stand_ins(tmp_path)))
        assert "dev.py:" not in result.stderr, result.stderr

    after = snapshot(venv)
    assert {file: after.get(file) for file in before} == before
    assert (stored_stamp(venv)["created"], stored_stamp(venv)["python"]) == (bool(created), sys.version)
    assert (site_packages(venv) / "sample_package.py").exists()


def without_pip(venv: Path) -> str:
    make_environment(venv, with_pip=False)
    return "-m ensurepip`, or put uv on the PATH."


def of_an_older_python(venv: Path) -> str:
    """Make one whose interpreter reports what one of Python 3.9 reports."""
    report = json.dumps({"prefix": str(venv), "version": "3.9.18 (main)", "major_minor": [3, 9], "has_pip": True})
    (venv / "bin").mkdir(parents=True)
    write_script(venv / "bin" / "python", f"echo '{report}'")
    return "has Python 3.9.18, but 3.11 or newer is needed; dev.py did not create it"


def whose_python_is_gone(venv: Path) -> str:
    make_environment(venv)
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to(venv.parent / "absent")
    return "is not a Python environment that runs on this machine"


def whose_python_is_that_of_the_system(venv: Path) -> str:
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    return "is not a Python environment"


def of_windows(venv: Path) -> str:
    (venv / "Scripts").mkdir(parents=True)
    (venv / "Scripts" / "python.exe").write_text("")
    return "is not a Python environment that runs on this machine"


def folder_without_environment(venv: Path) -> str:
    venv.mkdir()
    (venv / "notes.txt").write_text("not made by dev.py")
    return "is not a Python environment"


def plain_file(venv: Path) -> str:
    venv.write_text("not made by dev.py")
    return "is not a Python environment"


def link_to_nothing(venv: Path) -> str:
    venv.symlink_to(venv.parent / "absent")
    return "is not a Python environment"


def link_to_an_incomplete_one_that_dev_py_created(venv: Path) -> str:
    other = venv.parent / "another_checkout"
    other.mkdir()
    write_stamp(other, version=2, created=True)
    venv.symlink_to(other)
    return "is not a Python environment"


@posix_only
@pytest.mark.parametrize(
    "make",
    [
        without_pip,
        of_an_older_python,
        whose_python_is_gone,
        whose_python_is_that_of_the_system,
        of_windows,
        folder_without_environment,
        plain_file,
        link_to_nothing,
        link_to_an_incomplete_one_that_dev_py_created,
    ],
)
def test_what_cannot_be_used_is_named_and_left_alone(
    project: Path, tmp_path: Path, make: Callable[[Path], str]
) -> None:
    expected = make(project / ".venv")
    before = snapshot(project / ".venv")

    for command in ("run", "test"):
        result = run_dev(project, command, PATH=str(stand_ins(tmp_path)))
        assert result.returncode == 2
        assert result.stderr.startswith("dev.py: ")
        assert expected in result.stderr
        assert result.stderr.count("\n") == 1

    assert snapshot(project / ".venv") == before


def snapshot(path: Path) -> dict[str, str]:
    """Return the content or the target of every file and link in the folder, or of the path itself; no stamp."""
    files = [path, *path.rglob("*")]
    links = {str(file): str(file.readlink()) for file in files if file.is_symlink()}
    texts = {str(file): file.read_text(errors="replace") for file in files if file.is_file()}
    return {name: text for name, text in (texts | links).items() if not name.endswith("installed.json")}


def stand_ins(folder: Path) -> Path:
    """Return a folder with a `func` and an `azurite` that do nothing; with it as the PATH there is no uv and no npm."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    for tool in ("func", "azurite"):
        write_script(tools / tool, "exit 0")
    return tools


def write_script(file: Path, line: str) -> None:
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)

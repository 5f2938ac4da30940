"""Standard output of a command: it appears by itself, and nothing of it is lost at the end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(source: str) -> "subprocess.Popen[str]":
    """Start a program whose standard output is a pipe, buffered as Python does it by default."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    program = f"from local_azure.output import use_prompt_output\nuse_prompt_output()\n{source}"
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", program]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)


def test_what_is_printed_appears_although_nobody_flushes_it() -> None:
    with run("print('one')\nprint('two')\ninput()\nprint('three')\ninput()") as program:
        assert program.stdin
        assert program.stdout
        first = [program.stdout.readline(), program.stdout.readline()]
        program.stdin.write("\n")
        program.stdin.flush()
        second = program.stdout.readline()
        program.communicate("\n", timeout=20)

    assert (first, second, program.returncode) == (["one\n", "two\n"], "three\n", 0)


@pytest.mark.parametrize("pause", ["0", "0.005", "0.019", "0.02", "0.021", "0.04"])
def test_nothing_is_lost_at_the_end_and_the_end_does_not_wait(pause: str) -> None:
    with run(f"import time\nprint('start', flush=True)\nprint('é' * 100_000)\ntime.sleep({pause})") as program:
        output, _ = program.communicate(timeout=20)

    assert (output, program.returncode) == ("start\n" + "é" * 100_000 + "\n", 0)


def test_lines_of_many_threads_stay_whole() -> None:
    source = """
import threading
def write(name):
    for number in range(1000): print(f"{name} {number}\\n", end="")
threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    with run(source) as program:
        lines = program.communicate(timeout=20)[0].splitlines()

    assert sorted(lines) == sorted(f"{name} {number}" for name in "abcd" for number in range(1000))
    assert [line for line in lines if line[0] == "a"] == [f"a {number}" for number in range(1000)]


def test_a_program_goes_on_when_its_reader_went_away() -> None:
    source = "import sys, time\nfor _ in range(5): time.sleep(0.03); sys.stdout.write('x')\nimport os; os._exit(7)"
    with run(source) as program:
        assert program.stdout
        program.stdout.close()
        program.stdout = None
        program.communicate(timeout=20)

    assert program.returncode == 7

"""What holds for every test of the repository."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# On a busy machine an example takes as long as it takes: a slow one is no failed claim. Under CI=true the parent is the
# library's profile for CI, which tries the same examples every time.
settings.register_profile(
    "unhurried",
    parent=settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files of this folder first: they install and start whole commands, so some of them take longest.

    A long file at the end keeps one process busy while the others have nothing left to do.
    """
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where CI=true, a skipped test makes the run fail: the machine lacks what the test needs."""
    report = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and report and report.stats.get("skipped") and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

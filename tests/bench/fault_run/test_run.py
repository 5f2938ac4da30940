import asyncio
from itertools import pairwise
from pathlib import Path

from bench.fault_run.plan import INSTANCE, SERVERS, full_plan, short_plan
from bench.fault_run.run import Profile, run_profile


def test_what_is_acknowledged_is_in_the_log_once_and_on_every_screen(tmp_path: Path) -> None:
    profile = Profile(messages=200, clients=6, rooms=2, steps=short_plan(), step_seconds=0.2)

    result = asyncio.run(run_profile(profile, tmp_path, report=lambda step: None))

    assert not result.verdict.problems, result.verdict.examples
    assert result.verdict.acknowledged >= 200
    assert result.verdict.unanswered == 0
    assert result.triggered >= 20
    assert result.recovered > 0


def test_the_full_plan_has_every_kill_and_spreads_them_among_the_faults() -> None:
    steps = full_plan(instances=3)

    places = [place for place, step in enumerate(steps) if step.killed]
    assert {name for step in steps for name in step.killed} == {*SERVERS, INSTANCE}
    assert all(later - earlier > 1 for earlier, later in pairwise(places))
    assert INSTANCE not in {name for step in full_plan(instances=1) for name in step.killed}

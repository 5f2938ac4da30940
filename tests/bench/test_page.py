from typing import Any

from bench.load.browser import Task, tasks_in

Event = dict[str, Any]


def thread(pid: int, tid: int, name: str) -> Event:
    return {"name": "thread_name", "pid": pid, "tid": tid, "args": {"name": name}}


def task(pid: int, tid: int, name: str = "RunTask", **times: int) -> Event:
    return {"name": name, "pid": pid, "tid": tid, **times}


def test_tasks_are_those_of_main_threads_in_milliseconds_with_their_cpu_time() -> None:
    events = [
        task(1, 7, dur=52_000, tdur=20_000),
        task(1, 7, name="ThreadControllerImpl::RunTask", dur=3_500, tdur=3_000),
        task(1, 8, dur=900_000, tdur=1),
        task(2, 7, dur=900_000, tdur=1),
        task(1, 7, name="Layout", dur=900_000, tdur=1),
        task(1, 7),
        thread(1, 7, "CrRendererMain"),
        thread(1, 8, "Compositor"),
        thread(2, 7, "CrBrowserMain"),
    ]

    assert tasks_in(events) == [Task(52.0, 20.0), Task(3.5, 3.0)]

"""How functions run: threads, the one event loop, the context, limits."""

import asyncio
import logging
import re
from pathlib import Path

import pytest

from tests.local_azure.functions.apps import Serve, Served

MEET = """
meeting = threading.Barrier(2)

@app.route()
def meet(req):
    try:
        meeting.wait(timeout=float(req.params["seconds"]))
        return func.HttpResponse("met")
    except threading.BrokenBarrierError:
        return func.HttpResponse("alone")
"""


async def call_twice(app: Served, target: str) -> list[bytes]:
    return [answer.body for answer in await asyncio.gather(app.get(target), app.get(target))]


async def test_h054_sync_functions_run_in_parallel(serve: Serve) -> None:
    async with serve(MEET) as app:
        assert await call_twice(app, "/api/meet?seconds=10") == [b"met", b"met"]


@pytest.mark.parametrize("word", ["def", "async def"])
@pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt()", "asyncio.CancelledError()"])
async def test_a_function_that_would_end_the_process_ends_its_own_call(
    serve: Serve, caplog: pytest.LogCaptureFixture, word: str, error: str
) -> None:
    source = f"""
    @app.route()
    {word} leave(req):
        raise {error}

    @app.route()
    {word} stay(req):
        return func.HttpResponse("here")
    """
    async with serve(source) as app:
        answer = await app.get("/api/leave")
        assert (answer.status, answer.body) == (500, b"")
        assert (await app.get("/api/stay")).body == b"here"

    assert error.partition("(")[0].removeprefix("asyncio.") in caplog.text


async def test_an_app_that_stops_its_event_loop_is_served_on(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    source = """
    @app.route()
    async def stop(req):
        asyncio.get_running_loop().stop()
        return func.HttpResponse("stopped")

    @app.route()
    async def stay(req):
        return func.HttpResponse("here")
    """
    async with serve(source) as app:
        assert (await app.get("/api/stop")).body == b"stopped"
        assert (await app.get("/api/stay")).body == b"here"

    assert caplog.text.count("The app stopped its event loop") == 1
    assert "no longer waits" not in caplog.text


async def test_h055_one_thread_makes_sync_functions_wait_for_each_other(serve: Serve) -> None:
    async with serve(MEET, settings={"PYTHON_THREADPOOL_THREAD_COUNT": "1"}) as app:
        assert await call_twice(app, "/api/meet?seconds=0.05") == [b"alone", b"alone"]


async def test_an_invalid_thread_count_is_reported_and_ignored(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async with serve(MEET, settings={"PYTHON_THREADPOOL_THREAD_COUNT": "many"}) as app:
        assert await call_twice(app, "/api/meet?seconds=10") == [b"met", b"met"]
    assert "PYTHON_THREADPOOL_THREAD_COUNT must be a whole number of at least 1, not 'many'" in caplog.text


async def test_h056_async_functions_share_one_loop_that_is_not_the_hosts(serve: Serve) -> None:
    source = """
    at_import = asyncio.get_running_loop()
    lock = asyncio.Lock()

    @app.route()
    async def same(req):
        async with lock:
            return func.HttpResponse(str(asyncio.get_running_loop() is at_import) + str(id(at_import)))
    """

    async with serve(source) as app:
        answers = {body for _ in range(3) for body in await call_twice(app, "/api/same")}

    (answer,) = answers
    assert answer.startswith(b"True")
    assert answer != b"True%d" % id(asyncio.get_running_loop())


async def test_a_blocking_async_function_blocks_the_app_and_not_the_host(serve: Serve) -> None:
    source = """
    release = threading.Event()

    @app.route()
    async def block(req):
        return func.HttpResponse(str(release.wait(20)))

    @app.route()
    def free(req):
        release.set()
        return func.HttpResponse("freed")
    """

    async with serve(source) as app:
        blocked = asyncio.create_task(app.get("/api/block"))
        await asyncio.sleep(0)
        assert (await app.get("/admin/host/status")).status == 200
        assert (await app.get("/api/free")).body == b"freed"
        assert (await blocked).body == b"True"


async def test_h011_an_unbound_context_knows_its_invocation(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = """
    @app.route(route="c")
    def in_context(req: func.HttpRequest, context: func.Context):
        return func.HttpResponse(json.dumps([
            context.invocation_id, context.function_name, context.function_directory,
            context.trace_context.trace_parent, context.retry_context.retry_count,
            context.thread_local_storage.invocation_id == context.invocation_id,
        ]))
    """

    async with serve(source) as app:
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        first = (await app.get("/api/c", ("traceparent", parent))).json()
        second = (await app.get("/api/c")).json()

    assert first[1:] == ["in_context", str((tmp_path / "app").resolve()), parent, 0, True]
    assert first[0] != second[0]
    reason = "Reason='This function was programmatically called via the host APIs.'"
    assert f"Executing 'Functions.in_context' ({reason}, Id={first[0]})" in caplog.text
    assert f"Executed 'Functions.in_context' (Succeeded, Id={first[0]}, Duration=" in caplog.text


async def test_h081_the_trace_context_has_both_spellings_and_a_parent_of_its_own_where_the_request_had_none(
    serve: Serve,
) -> None:
    source = """
    @app.route(route="c")
    async def in_context(req: func.HttpRequest, context: func.Context):
        trace = context.trace_context
        pairs = [
            [trace.trace_parent, trace.Traceparent], [trace.trace_state, trace.Tracestate],
            [trace.attributes, trace.Attributes],
        ]
        return func.HttpResponse(json.dumps(pairs))
    """
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    no_parents = ("", "nonsense", parent.upper(), parent.replace("b7ad6b7169203331", "0" * 16))

    async with serve(source) as app:
        given = (await app.get("/api/c", ("traceparent", parent), ("tracestate", "a=1"))).json()
        made = [(await app.get("/api/c", ("traceparent", text), ("tracestate", "a=1"))).json() for text in no_parents]

    assert given == [[parent, parent], ["a=1", "a=1"], [{}, {}]]
    assert all(re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", pairs[0][0]) for pairs in made)
    assert all(pairs[0][0] == pairs[0][1] and pairs[1] == ["", ""] for pairs in made)
    assert len({pairs[0][0] for pairs in made}) == len(no_parents)


async def test_h082_h083_a_function_may_answer_through_an_output_parameter(serve: Serve) -> None:
    source = """
    @app.generic_trigger(arg_name="req", type="httpTrigger", route="set")
    @app.generic_output_binding(arg_name="answer", type="http")
    def sets(req: func.HttpRequest, answer: func.Out[func.HttpResponse]) -> None:
        answer.set(func.HttpResponse("made", status_code=201, headers={"X-Own": "1"}))

    @app.generic_trigger(arg_name="req", type="httpTrigger", route="unset")
    @app.generic_output_binding(arg_name="answer", type="http")
    async def sets_nothing(req: func.HttpRequest, answer: func.Out[func.HttpResponse]): pass

    @app.generic_trigger(arg_name="req", type="httpTrigger", route="text")
    @app.generic_output_binding(arg_name="answer", type="http")
    def sets_text(req: func.HttpRequest, answer: func.Out[str]): answer.set("plain")

    @app.generic_trigger(arg_name="req", type="httpTrigger", route="wrong")
    @app.generic_output_binding(arg_name="answer", type="http")
    def sets_a_number(req: func.HttpRequest, answer): answer.set(5)
    """

    async with serve(source) as app:
        made, unset, text, wrong = [await app.get(f"/api/{name}") for name in ("set", "unset", "text", "wrong")]

    assert (made.status, made.body, made["x-own"]) == (201, b"made", "1")
    assert (unset.status, unset.body) == (200, b"")
    assert (text.status, text.body) == (200, b"plain")
    assert (wrong.status, wrong.body) == (500, b"")


async def test_a_value_without_a_return_binding_is_500(serve: Serve) -> None:
    source = """
    @app.generic_trigger(arg_name="req", type="httpTrigger", route="bare")
    def bare(req): return func.HttpResponse("x")
    """

    async with serve(source) as app:
        assert (await app.get("/api/bare")).status == 500


async def test_more_requests_than_allowed_at_once_are_429(serve: Serve, tmp_path: Path) -> None:
    source = """
    from pathlib import Path

    @app.route()
    def wait(req):
        flags = Path(req.params["flags"])
        (flags / "entered").touch()
        deadline = time.monotonic() + 20
        while not (flags / "leave").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        return func.HttpResponse()

    @app.route()
    def other(req): return func.HttpResponse()
    """
    host_json = {"extensions": {"http": {"maxOutstandingRequests": 1}}}
    async with serve(source, host_json=host_json) as app:
        waiting = asyncio.create_task(app.get(f"/api/wait?flags={tmp_path}"))
        while not (tmp_path / "entered").exists():  # noqa: ASYNC110 — another thread's file
            await asyncio.sleep(0.002)
        assert (await app.get("/api/other")).status == 429
        (tmp_path / "leave").touch()
        assert (await waiting).status == 200
        assert (await app.get("/api/other")).status == 200


async def test_stopping_cancels_what_an_app_left_running(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = """
    from pathlib import Path
    background = None

    async def forever(flag):
        try:
            await asyncio.sleep(3600)
        finally:
            flag.touch()

    @app.route()
    async def begin(req):
        global background
        background = asyncio.create_task(forever(Path(req.params["flag"])))
        await asyncio.sleep(0)
        return func.HttpResponse()
    """
    flag = tmp_path / "cancelled"

    async with serve(source) as app:
        await app.get(f"/api/begin?flag={flag}")
        assert not flag.exists()

    assert flag.exists()
    assert "no longer waits for it" not in caplog.text

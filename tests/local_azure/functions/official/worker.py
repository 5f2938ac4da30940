"""A process with one app under the official `azure-functions-runtime`: the worker's part of what Azure runs.

Started as a program with the app's folder; one JSON line in is a list of invocations to make at once, one JSON line out
the list of their outcomes. The first line out describes the functions, or the failure. It knows nothing of the embedded
host. Started with several folders, it only writes the first line of each.
"""

import asyncio
import base64
import importlib.util
import json
import multiprocessing
import os
import sys
import types
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def main() -> None:
    """Index the app, then answer invocations until the input ends; index several apps one after the other."""
    first, *more = (Path(argument) for argument in sys.argv[1:])
    if more:
        _index_each([first, *more])
    else:
        _serve_app(first)


def _index_each(app_roots: list[Path]) -> None:
    """Index each app in a process of its own; on Linux the runtime is imported once for all."""
    for name in ("azure.functions", "azure_functions_runtime"):
        importlib.import_module(name)
    if sys.platform == "linux":
        multiprocessing.set_start_method("fork")
    for app_root in app_roots:
        indexing = multiprocessing.Process(target=_serve_app, args=(app_root,))  # its input is empty
        indexing.start()
        indexing.join()
        if indexing.exitcode:
            sys.exit(f"the process that indexed {app_root} ended with {indexing.exitcode}")


def _serve_app(app_root: Path) -> None:
    # Set on some build machines; it makes the runtime believe that it is in Azure.
    os.environ.pop("CONTAINER_NAME", None)
    # What the app prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path[0] = str(app_root)
    os.chdir(app_root)
    asyncio.run(serve(app_root, answers))


async def serve(app_root: Path, answers: Any) -> None:
    """Do what the worker does from its start on."""
    import azure_functions_runtime as runtime

    protos = _protos()
    runtime.start_threadpool_executor()
    init = protos.Message(capabilities={}, function_app_directory=str(app_root))
    request = _request(protos, worker_init_request=init)
    started = await runtime.worker_init_request(request)
    functions: list[Json] = []
    if started.result.status == protos.StatusResult.Success:
        described = await runtime.functions_metadata_request(_request(protos))
        functions = [_description(function) for function in described.function_metadata_results or []]
    failure = started.result.exception
    # An app with a web extension has a server of its own, which starts as soon as this task waits.
    server = (started.capabilities or {}).get("HttpUri")
    _answer(answers, {"failure": failure and failure.message, "functions": functions, "server": server})
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        calls = [_invoke(runtime, protos, call) for call in json.loads(line)]
        _answer(answers, await asyncio.gather(*calls))
    runtime.stop_threadpool_executor()


async def _invoke(runtime: Any, protos: types.ModuleType, call: Json) -> Json:
    invocation = protos.Message(
        invocation_id=call["invocationId"],
        function_id=call["functionId"],
        input_data=[
            protos.ParameterBinding(name=name, data=_typed_data(protos, value))
            for name, value in call["arguments"].items()
        ],
        trigger_metadata={},
        trace_context=protos.Message(trace_parent="", trace_state="", attributes={}),
        retry_context=protos.Message(retry_count=0, max_retry_count=0),
    )
    try:
        response = await runtime.invocation_request(_request(protos, invocation_request=invocation))
    except (SystemExit, asyncio.CancelledError) as error:
        # The runtime lets these through, and the worker's process would end.
        return {"failure": f"{type(error).__name__}: {error}"}
    if response.result.status != protos.StatusResult.Success:
        return {"failure": response.result.exception.message}
    # An answer may be in an output of type http; other outputs are told beside it.
    outputs = [output.data for output in response.output_data or [] if output.data.WhichOneof("data") == "http"]
    value = outputs[-1] if outputs else response.return_value
    kind = value.WhichOneof("data") if value is not None else None
    outcome = {kind: _http(value.http)} if kind == "http" else {"kind": kind, "value": kind and getattr(value, kind)}
    if response.output_data:
        outcome["outputs"] = {output.name: _output(output.data) for output in response.output_data}
    return outcome


def _output(data: Any) -> Json:
    kind = data.WhichOneof("data")
    value = getattr(data, kind)
    if kind == "http":
        return {"kind": kind, "value": _http(value)}
    return {"kind": kind, "value": value.decode("latin-1") if isinstance(value, bytes) else value}


def _typed_data(protos: types.ModuleType, value: Json) -> Any:
    if "http" not in value:  # nothing at all is null
        return protos.TypedData(**value)
    http = value["http"]
    body = base64.b64decode(http["body"])
    return protos.TypedData(
        http=protos.RpcHttp(
            method=http["method"],
            url=http["url"],
            headers=http["headers"],
            query=http["query"],
            params=http["params"],
            # The host sends no body at all when there is none.
            body=protos.TypedData(bytes=body) if body else protos.TypedData(),
        )
    )


def _http(http: Any) -> Json:
    return {
        "status": http.status_code,
        "headers": http.headers,
        "cookies": [_cookie(cookie) for cookie in http.cookies or []],
        "body": base64.b64encode(http.body.bytes).decode(),
    }


def _cookie(cookie: Any) -> Json:
    fields = ("name", "value", "expires", "max_age", "domain", "path", "secure", "same_site", "http_only")
    values = {name: getattr(cookie, name) for name in fields}
    plain = {name: getattr(value, "value", value) for name, value in values.items()}
    return plain | {"expires": getattr(plain["expires"], "seconds", None)}


def _description(function: Any) -> Json:
    return {
        "name": function.name,
        "functionId": function.function_id,
        "scriptFile": function.script_file,
        "bindings": {n: [b.type, b.direction] for n, b in function.bindings.items()},
        "rawBindings": [json.loads(text) for text in function.raw_bindings],
    }


def _request(protos: types.ModuleType, **requests: Any) -> Any:
    return protos.Message(request=protos.Message(**requests), properties={"host": "127.0.0.1", "protos": protos})


def _protos() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("stand_in_protos", Path(__file__).with_name("protos.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _answer(answers: Any, content: Json | list[Json]) -> None:
    answers.write(json.dumps(content) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()

"""Which function answers: the host's order, prefixes and methods, over real sockets; and which functions it refuses."""

import pytest

from tests.local_azure.functions.apps import ROOT_PREFIX, Serve

WHO = """
def answer(req, name):
    return func.HttpResponse(json.dumps({"function": name, "route_params": dict(req.route_params)}))
"""


def function(name: str, route: str | None, methods: str = "None", parameter: str = "req") -> str:
    python_name = f"f_{abs(hash((name, route, methods)))}"
    return f"""
@app.function_name({name!r})
@app.route(route={route!r}, methods={methods}, trigger_arg_name={parameter!r})
def {python_name}({parameter}): return answer({parameter}, {name!r})
"""


def app_of(*functions: str) -> str:
    return WHO + "\n".join(functions)


async def test_h015_the_default_prefix_is_api(serve: Serve) -> None:
    async with serve(app_of(function("one", "one"))) as app:
        assert (await app.get("/api/one")).json()["function"] == "one"
        assert (await app.get("/one")).status == 404


async def test_h016_an_empty_prefix_serves_at_the_root(serve: Serve) -> None:
    async with serve(app_of(function("one", "one"), function("two", "/two")), host_json=ROOT_PREFIX) as app:
        assert (await app.get("/one")).status == 200
        assert (await app.get("/two")).status == 200
        assert (await app.get("/api/one")).status == 404


async def test_h017_the_environment_overrides_the_prefix_of_host_json(serve: Serve) -> None:
    override = {"AzureFunctionsJobHost__extensions__http__routePrefix": "v2/"}

    async with serve(app_of(function("one", "one")), host_json=ROOT_PREFIX, settings=override) as app:
        assert (await app.get("/v2/one")).status == 200
        assert (await app.get("/one")).status == 404


async def test_h018_without_a_route_the_name_is_the_route(serve: Serve) -> None:
    async with serve(app_of(function("named", None), function("empty", ""))) as app:
        assert (await app.get("/api/named")).json()["function"] == "named"
        assert (await app.get("/api/empty")).json()["function"] == "empty"


async def test_h022_h023_h024_values_arrive_as_strings_and_a_failed_constraint_is_404(serve: Serve) -> None:
    async with serve(app_of(function("items", "items/{id:int}"), function("maybe", "maybe/{id?}"))) as app:
        assert (await app.get("/API/Items/5")).json()["route_params"] == {"id": "5"}
        assert (await app.get("/api/items/five")).status == 404
        assert (await app.get("/api/maybe")).json()["route_params"] == {}


async def test_h025_a_catch_all_matches_any_number_of_segments(serve: Serve) -> None:
    async with serve(app_of(function("all", "{*path}")), host_json=ROOT_PREFIX) as app:
        found = [(await app.get(path)).json()["route_params"] for path in ("/", "/a", "/a/b/c")]

    assert found == [{}, {"path": "a"}, {"path": "a/b/c"}]


@pytest.mark.parametrize(
    ("names", "winner"),
    [
        ({"get_item": "items/{id}", "new_item": "items/new"}, "get_item"),
        ({"get_item": "items/{id}", "a_new_item": "items/new"}, "a_new_item"),
        ({"get_item": "items/{id:int}", "new_item": "items/new"}, "new_item"),
        ({"B_item": "items/{id}", "a_item": "items/new"}, "a_item"),
        ({"item_": "items/{id}", "itemz": "items/new"}, "itemz"),
        ({"item-b": "items/{id}", "item0": "items/new"}, "item-b"),
    ],
)
async def test_h026_the_first_name_wins_however_specific_the_others_are(
    serve: Serve, names: dict[str, str], winner: str
) -> None:
    async with serve(app_of(*(function(name, route) for name, route in names.items()))) as app:
        assert (await app.get("/api/items/new")).json()["function"] == winner


async def test_h027_h029_a_late_catch_all_takes_only_what_is_left(serve: Serve) -> None:
    source = app_of(function("zz_page", "{*path}", '["GET"]'), function("send", "send", '["POST"]'))

    async with serve(source, host_json=ROOT_PREFIX) as app:
        assert (await app.send("POST", "/send")).json()["function"] == "send"
        assert (await app.get("/send")).json()["function"] == "zz_page"
        assert (await app.get("/admin/host/status")).json()["state"] == "Running"
        assert (await app.get("/admin/nothing")).status == 404
        assert (await app.get("/runtime/webhooks/nothing")).status == 404


async def test_h028_an_early_catch_all_takes_everything(serve: Serve) -> None:
    async with serve(app_of(function("aa_page", "{*path}"), function("send", "send")), host_json=ROOT_PREFIX) as app:
        assert (await app.get("/send")).json()["function"] == "aa_page"


async def test_h030_a_trailing_slash_matches_the_same_route(serve: Serve) -> None:
    async with serve(app_of(function("one", "one"))) as app:
        assert (await app.get("/api/one/")).status == 200


async def test_h031_h032_a_method_that_is_not_listed_is_404_without_body_or_allow(serve: Serve) -> None:
    async with serve(app_of(function("one", "one", '["GET"]'))) as app:
        for method in ("POST", "HEAD", "OPTIONS", "DELETE", "TRACE"):
            answer = await app.send(method, "/api/one")
            assert (answer.status, answer.body) == (404, b"")
            assert "Allow" not in answer


async def test_h033_without_methods_every_verb_reaches_the_function(serve: Serve) -> None:
    source = "@app.route()\ndef one(req): return func.HttpResponse(headers={'x-method': req.method})"

    async with serve(source) as app:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
            assert (await app.send(method, "/api/one"))["x-method"] == method


async def test_h034_head_has_the_headers_and_no_body(serve: Serve) -> None:
    source = """
    @app.route(methods=["GET", "HEAD"])
    def one(req): return func.HttpResponse("twelve bytes", headers={"x-name": "value"})
    """

    async with serve(source) as app:
        get, head = await app.get("/api/one"), await app.send("HEAD", "/api/one")

    assert (head.status, head.body, head["x-name"]) == (200, b"", "value")
    assert head["content-length"] == get["content-length"] == "12"


async def test_h079_routes_are_anchored(serve: Serve) -> None:
    async with serve(app_of(function("items", "items"))) as app:
        assert [(await app.get(p)).status for p in ("/api/itemsX", "/xapi/items", "/api/items/x")] == [404, 404, 404]


async def test_h080_an_encoded_slash_does_not_split_a_segment(serve: Serve) -> None:
    async with serve(app_of(function("one", "one/{name}"))) as app:
        assert (await app.get("/api/one/a%2Fb")).json()["route_params"] == {"name": "a%2Fb"}
        assert (await app.get("/api/one/a%20b%C3%A9")).json()["route_params"] == {"name": "a bé"}


async def test_h074_dot_segments_and_nul_never_reach_a_catch_all(serve: Serve) -> None:
    """The app's own checks come after this: this server passes on only what the servers of Azure pass on."""
    async with serve(app_of(function("zz_page", "{*path}")), host_json=ROOT_PREFIX) as app:
        for target in ("/../etc/passwd", "/a/../../etc/passwd", "/%2e%2e/etc/passwd", "/.%2E/etc/passwd"):
            assert (await app.get(target)).json()["route_params"] == {"path": "etc/passwd"}
        assert (await app.get("/a%00.txt")).status == 400
        assert (await app.get("/..%2Fetc")).json()["route_params"] == {"path": "..%2Fetc"}
        assert (await app.get("/..%5Cetc")).json()["route_params"] == {"path": "..\\etc"}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (function("1st", "bad"), "'1st' is not a valid function name."),
        (function("with space", "bad"), "'with space' is not a valid function name."),
        (function("x" * 129, "bad"), "is not a valid function name."),
        (function("Host", "bad"), "'Host' is not a valid function name."),
        (function("GOOD", "bad"), "The function name 'GOOD' must be unique, whatever its case."),
        (function("bad", "bad", parameter="http__req"), "The binding name http__req is invalid"),
        (function("bad", "bad", parameter="r" * 129), "is invalid: it must be at most 128 letters"),
        (function("bad", "bad", parameter="é"), "The binding name é is invalid"),
        (function("bad", "/bad"), "has an empty segment"),
        (function("bad", "admin/bad"), "The specified route conflicts with one or more built in routes."),
        (function("bad", "Runtime/bad"), "The specified route conflicts with one or more built in routes."),
        (function("bad", "good"), "The route specified conflicts with the route defined by function 'good'."),
        (function("bad", "Good", '["POST", "GET"]'), "conflicts with the route defined by function 'good'."),
        (function("bad", "bad/{id:nope}"), "there is no constraint 'nope'"),
    ],
)
async def test_h006_h007_h008_h009_h019_h020_h021_a_rule_of_the_host_puts_one_function_in_error(
    serve: Serve, bad: str, message: str
) -> None:
    async with serve(app_of(function("good", "good", '["GET"]'), bad)) as app:
        (refused,) = app.host.app.routes.errors.values()
        assert message in refused
        assert f"function is in error: {refused}" in app.host.startup_banner()
        assert (await app.get("/api/good")).json()["function"] == "good"
        assert (await app.get("/api/bad")).status == 404


@pytest.mark.parametrize("parameter", ["order_id", "_", "_req", "r" * 128, "a_b_c_"])
async def test_h009_single_underscores_in_a_binding_name_are_accepted(serve: Serve, parameter: str) -> None:
    async with serve(app_of(function("good", "good", parameter=parameter))) as app:
        assert not app.host.app.routes.errors
        assert (await app.get("/api/good")).json()["function"] == "good"


async def test_h021_the_same_route_with_other_methods_is_fine(serve: Serve) -> None:
    source = app_of(function("read", "one", '["GET"]'), function("write", "one", '["POST", "PUT"]'))

    async with serve(source) as app:
        assert not app.host.app.routes.errors
        assert (await app.get("/api/one")).json()["function"] == "read"
        assert (await app.send("PUT", "/api/one", body=b"")).json()["function"] == "write"


REFUSED = """
@app.route()
@app.blob_input(arg_name="picture", path="a/b", connection="Storage")
def reads_blob(req, picture: func.InputStream) -> func.HttpResponse: ...

@app.route()
@app.queue_output(arg_name="message", queue_name="q", connection="Storage")
def writes_queue(req, message: func.Out[str]) -> func.HttpResponse: ...

@app.route()
@app.generic_output_binding(arg_name="actions", type="webPubSub", hub="chat")
def sends(req, actions: func.Out[str]) -> func.HttpResponse: ...

@app.route()
def served(req) -> func.HttpResponse: return func.HttpResponse("served")
"""


async def test_d083_a_function_with_a_binding_that_is_not_provided_is_in_error_with_what_runs_it(
    serve: Serve,
) -> None:
    """The others are served; queues and blobs are in Azurite, other services are not."""
    refusal = "This host does not provide the"
    azurite = "run the app with Core Tools (func start) and Azurite, which has queues and blobs."
    other = "run the app with Core Tools (func start) and the service that it connects to."

    async with serve(REFUSED) as app:
        assert app.host.app.routes.errors == {
            "reads_blob": f"{refusal} input binding 'picture' of type blob: {azurite}",
            "writes_queue": f"{refusal} output binding 'message' of type queue: {azurite}",
            "sends": f"{refusal} output binding 'actions' of type webPubSub: {other}",
        }
        assert f"The 'reads_blob' function is in error: {refusal} input" in app.host.startup_banner()
        assert (await app.get("/api/reads_blob")).status == 404
        assert (await app.get("/api/served")).body == b"served"

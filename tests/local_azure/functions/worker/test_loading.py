"""Loading an app: the Python worker's rules. What breaks one leaves the host without any function."""

import sys
from pathlib import Path

import pytest

from local_azure.functions.errors import AppLoadError, FunctionLoadError
from local_azure.functions.worker.import_scope import app_import_scope
from local_azure.functions.worker.loading import LoadedFunction, load_functions
from tests.local_azure.functions.apps import Serve, WriteApp

DURABLE = """
import azure.functions as func
import azure.durable_functions as df

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
"""


def load(folder: Path) -> list[LoadedFunction]:
    with app_import_scope(folder):
        return load_functions(folder)


def test_functions_come_in_the_order_of_their_registration_with_their_bindings(write_app: WriteApp) -> None:
    folder = write_app(
        """
        @app.route(route="items/{id:int}", methods=["GET", "POST"])
        def zebra(req: func.HttpRequest) -> func.HttpResponse: ...

        @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
        def ant(timer: func.TimerRequest) -> None: ...
        """
    )

    zebra, ant = load(folder)

    assert (zebra.name, ant.name) == ("zebra", "ant")
    assert zebra.trigger == {
        "direction": "IN",
        "type": "httpTrigger",
        "name": "req",
        "methods": ["GET", "POST"],
        "authLevel": "ANONYMOUS",
        "route": "items/{id:int}",
    }
    assert zebra.bindings == (zebra.trigger, {"direction": "OUT", "type": "http", "name": "$return"})
    assert ant.trigger_type == "timerTrigger"


def test_h002_an_app_object_is_required(write_app: WriteApp) -> None:
    with pytest.raises(AppLoadError, match=r"function_app\.py has no top-level function app"):
        load(write_app("", header=""))


@pytest.mark.parametrize("second", ["other = func.FunctionApp()", "other = app"])
def test_h002_two_app_objects_are_too_many_even_under_two_names_for_one(write_app: WriteApp, second: str) -> None:
    with pytest.raises(AppLoadError, match="more than one top-level function app: app, other"):
        load(write_app(second))


def test_h003_an_import_error_names_the_module_and_the_file_of_the_app_it_passed(write_app: WriteApp) -> None:
    folder = write_app("import rooms.api", files={"rooms/api.py": "\n\nimport no_such_module\n"})

    with pytest.raises(AppLoadError) as caught:
        load(folder)

    assert str(caught.value) == (
        "function_app.py could not be imported: ModuleNotFoundError: No module named 'no_such_module' "
        "(rooms/api.py, line 3)"
    )


def test_a_syntax_error_names_its_file_and_line(write_app: WriteApp) -> None:
    folder = write_app("import broken", files={"broken.py": "x = 1\nif x\n"})

    with pytest.raises(AppLoadError, match=r"SyntaxError.*\(broken\.py, line 2\)$"):
        load(folder)


@pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt()"])
def test_an_app_that_ends_the_interpreter_while_importing_does_not_end_the_host(
    write_app: WriteApp, error: str
) -> None:
    with pytest.raises(AppLoadError, match=f"could not be imported: {error.partition('(')[0]}"):
        load(write_app(f"raise {error}"))


def test_h004_functions_are_asked_for_once(write_app: WriteApp) -> None:
    folder = write_app(
        """
        asked = []
        ask = app.get_functions
        def get_functions():
            asked.append(1)
            return ask()
        app.get_functions = get_functions

        @app.route()
        def one(req: func.HttpRequest) -> func.HttpResponse: ...
        """
    )

    with app_import_scope(folder):
        load_functions(folder)
        module = sys.modules["function_app"]
        assert module.asked == [1]
        with pytest.raises(ValueError, match="unique"):
            module.ask()


def test_h005_the_same_name_twice_fails_the_whole_app(write_app: WriteApp) -> None:
    folder = write_app(
        """
        @app.function_name("same")
        @app.route(route="one")
        def one(req: func.HttpRequest) -> func.HttpResponse: ...

        @app.function_name("same")
        @app.route(route="two")
        def two(req: func.HttpRequest) -> func.HttpResponse: ...
        """
    )

    with pytest.raises(AppLoadError, match="same does not have a unique function name"):
        load(folder)


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ("def f(req: func.HttpRequest, extra): ...", "parameters without a binding: extra"),
        ("def f(): ...", "bindings without a parameter of that name in Python: req"),
        ("def f(req: dict): ...", "httpTrigger binding does not match its annotation <class 'dict'>"),
        ("def f(req: func.HttpRequest) -> dict: ...", "return annotation <class 'dict'> does not match"),
        ("def f(req: func.HttpRequest, context: str): ...", '"context" must be azure.functions.Context'),
        ("def f(req: 'NoSuchType'): ...", "annotations cannot be evaluated: name 'NoSuchType' is not defined"),
        ("def f(req: list[str]): ...", "has an annotation that is not a type"),
        ("def f(req: func.Out[str]): ...", "because the binding is an input"),
        ("def f(req, *args): ...", "parameters without a binding: args"),
    ],
)
def test_h010_h012_a_signature_that_contradicts_its_bindings_is_a_load_error(
    write_app: WriteApp, definition: str, reason: str
) -> None:
    folder = write_app(f"@app.route()\n{definition}")

    with pytest.raises(FunctionLoadError) as caught:
        load(folder)

    assert str(caught.value).startswith("cannot load the f function: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "definition",
    [
        "def f(req): ...",
        "def f(req: str) -> str: ...",
        "def f(req: func.HttpRequest) -> func.HttpResponse: ...",
        "async def f(req, context: func.Context): ...",
        "def f(req, context): ...",
    ],
)
def test_signatures_that_the_worker_accepts_load(write_app: WriteApp, definition: str) -> None:
    assert [function.name for function in load(write_app(f"@app.route()\n{definition}"))] == ["f"]


def test_h013_a_function_needs_exactly_one_trigger(write_app: WriteApp) -> None:
    none = "@app.generic_output_binding(arg_name='out', type='queue')\ndef f(out): ..."
    two = "@app.route()\n@app.timer_trigger('timer', '0 * * * * *')\ndef f(req, timer): ..."

    with pytest.raises(AppLoadError, match="trigger"):
        load(write_app(none))
    with pytest.raises(AppLoadError, match="trigger"):
        load(write_app(two))


BLUEPRINT = """
import azure.functions as func

bp = func.Blueprint()

@bp.route(route="from/blueprint")
def in_blueprint(req: func.HttpRequest) -> func.HttpResponse: ...
"""


def test_h014_blueprint_functions_appear_where_the_blueprint_was_registered(write_app: WriteApp) -> None:
    source = "from parts import bp\napp.register_functions(bp)\n@app.route()\ndef last(req): ..."
    folder = write_app(source, files={"parts.py": BLUEPRINT})

    assert [function.name for function in load(folder)] == ["in_blueprint", "last"]


def test_h014_the_same_blueprint_twice_is_an_error(write_app: WriteApp) -> None:
    source = "from parts import bp\napp.register_functions(bp)\napp.register_functions(bp)"
    folder = write_app(source, files={"parts.py": BLUEPRINT})

    with pytest.raises(AppLoadError, match="in_blueprint does not have a unique"):
        load(folder)


@pytest.mark.parametrize("kind", ["orchestration", "entity"])
def test_h077_a_context_name_other_than_context_is_a_load_error(write_app: WriteApp, kind: str) -> None:
    folder = write_app(f'@app.{kind}_trigger(context_name="ctx")\ndef flow(ctx): ...', header=DURABLE)

    with pytest.raises(FunctionLoadError, match="flow"):
        load(folder)


async def test_h078_a_durable_client_function_without_async_is_reported_at_the_start(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    source = """
    @app.route()
    @app.durable_client_input(client_name="client")
    def begin(req: func.HttpRequest, client) -> func.HttpResponse:
        return func.HttpResponse("never")
    """

    async with serve(source, header=DURABLE) as app:
        assert "'begin' has a durable client but is written with def" in caplog.text
        assert (await app.get("/api/begin")).status == 500


def test_another_script_name_is_honoured_and_must_be_a_file_name(
    write_app: WriteApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_app("")
    (folder / "function_app.py").rename(folder / "main.py")

    with pytest.raises(AppLoadError, match=r"there is no function_app\.py in "):
        load(folder)
    monkeypatch.setenv("PYTHON_SCRIPT_FILE_NAME", "main.py")
    assert load(folder) == []
    monkeypatch.setenv("PYTHON_SCRIPT_FILE_NAME", "../main.py")
    with pytest.raises(AppLoadError, match="is not the name of a Python file"):
        load(folder)


def test_an_app_leaves_no_module_and_no_path_behind(write_app: WriteApp) -> None:
    before, path = set(sys.modules), list(sys.path)
    folder = write_app("import rooms.names", files={"rooms/names.py": "", "later.py": ""})

    with app_import_scope(folder):
        load_functions(folder)
        import later  # type: ignore[import-not-found]  # noqa: F401 — as a function would, when it is called

        assert {"function_app", "rooms.names", "later"} <= set(sys.modules)

    assert not {"function_app", "rooms", "rooms.names", "later"} & set(sys.modules)
    assert sys.path == path
    assert before <= set(sys.modules)


def test_two_apps_one_after_another_do_not_see_each_others_modules(tmp_path: Path) -> None:
    for number in ("one", "two"):
        folder = tmp_path / number
        folder.mkdir()
        (folder / "names.py").write_text(f"NAME = {number!r}")
        (folder / "function_app.py").write_text(
            "import azure.functions as func\nfrom names import NAME\napp = func.FunctionApp()\n"
            "@app.function_name(NAME)\n@app.route()\ndef f(req): ...\n"
        )

    assert [load(tmp_path / number)[0].name for number in ("one", "two")] == ["one", "two"]


def test_modules_of_this_process_with_the_same_names_are_removed_and_restored(
    write_app: WriteApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "namesake.py").write_text("WHERE = 'elsewhere'")
    monkeypatch.syspath_prepend(str(tmp_path / "elsewhere"))
    import namesake  # type: ignore[import-not-found]

    folder = write_app(
        "import namesake\n@app.function_name(namesake.WHERE)\n@app.route()\ndef f(req): ...",
        files={"namesake.py": "WHERE = 'here'"},
    )

    assert load(folder)[0].name == "here"
    assert sys.modules["namesake"] is namesake
    monkeypatch.delitem(sys.modules, "namesake")

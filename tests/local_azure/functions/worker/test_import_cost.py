"""What an app without durable functions does not import at its cold start."""

import subprocess
import sys
from pathlib import Path

import pytest

APP = """
import azure.functions as func

app = func.FunctionApp()

@app.route(route="hello")
def hello(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("hello")
"""
DURABLE = """
@app.activity_trigger(input_name="name")
def greet(name: str) -> str:
    return name
"""
HEAVY = "{'azure.durable_functions', 'aiohttp'}"


@pytest.mark.parametrize(
    ("source", "loaded"), [(APP, "set()"), (APP + DURABLE, HEAVY)], ids=["without", "with_a_durable_function"]
)
def test_h076_an_app_loads_the_durable_sdk_and_aiohttp_only_when_it_has_durable_functions(
    source: str, loaded: str, tmp_path: Path
) -> None:
    (tmp_path / "function_app.py").write_text(source)
    program = (
        f"import sys, function_app; function_app.app.get_functions(); assert {HEAVY} & set(sys.modules) == {loaded}"
    )

    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr

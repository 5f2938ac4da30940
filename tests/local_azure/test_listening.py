"""Where the services of local Azure listen."""

from collections.abc import Callable, Sequence

import pytest

from local_azure import __main__ as all_services
from local_azure.functions import __main__ as functions
from local_azure.tables import __main__ as tables
from local_azure.webpubsub import __main__ as webpubsub


@pytest.mark.parametrize("port", ["65536", "99999", "-1", "abc", "80.5", ""])
@pytest.mark.parametrize(
    ("main", "options"),
    [
        (all_services.main, ("--port", "--webpubsub-port", "--tables-port")),
        (functions.main, ("--port",)),
        (webpubsub.main, ("--port",)),
        (tables.main, ("--port",)),
    ],
    ids=["all", "functions", "webpubsub", "tables"],
)
def test_a_port_that_cannot_be_is_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str],
    main: Callable[[Sequence[str]], int],
    options: Sequence[str],
    port: str,
) -> None:
    for option in options:
        with pytest.raises(SystemExit, match="2"):
            main([f"{option}={port}"])

        *_, sentence = capsys.readouterr().err.splitlines()
        assert sentence.endswith(f"error: argument {option}: a port is a whole number from 0 to 65535, not {port!r}")

"""The page's files have the same types on every machine."""

import mimetypes
from pathlib import Path

import pytest

from chat import static_files


@pytest.mark.parametrize(
    ("suffix", "content_type"),
    [
        (".js", "text/javascript; charset=utf-8"),
        (".css", "text/css; charset=utf-8"),
        (".svg", "image/svg+xml"),
        (".json", "application/json"),
        (".woff2", "font/woff2"),
        (".html", "text/html; charset=utf-8"),
    ],
)
def test_h075_a_type_does_not_depend_on_the_machines_registry(
    suffix: str, content_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = mimetypes.MimeTypes()
    registry.add_type("text/wrong", suffix)
    monkeypatch.setattr(mimetypes, "_db", registry)
    assert mimetypes.guess_type(f"a{suffix}")[0] == "text/wrong"
    (tmp_path / f"file{suffix}").write_bytes(b"content")

    file = static_files.find_file(f"file{suffix}", tmp_path.resolve())

    assert file is not None
    assert static_files.read_file(file).content_type == content_type


@pytest.mark.parametrize("suffix", [".wasm", ".py", ".exe", ""])
def test_h075_a_file_without_a_known_type_is_not_served(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"file{suffix}").write_bytes(b"content")

    assert static_files.find_file(f"file{suffix}", tmp_path.resolve()) is None

"""The deployment package: the zip file that the Functions tools make of this folder."""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pathspec import PathSpec

ROOT = Path(__file__).resolve().parents[2]


def package_files(root: Path = ROOT) -> Iterator[Path]:
    """Yield what `func azure functionapp publish` sends: every file that .funcignore (gitignore syntax) leaves."""
    ignored = PathSpec.from_lines("gitignore", (root / ".funcignore").read_text().splitlines())
    for folder, folders, files in os.walk(root):
        place = Path(folder).relative_to(root)
        folders[:] = sorted(name for name in folders if not ignored.match_file(f"{(place / name).as_posix()}/"))
        yield from (place / name for name in sorted(files) if not ignored.match_file((place / name).as_posix()))


def build_package(target: Path, root: Path = ROOT) -> Path:
    """Write the package as a zip file with the app at its top; return its path."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for file in package_files(root):
            package.write(root / file, file.as_posix())
    return target

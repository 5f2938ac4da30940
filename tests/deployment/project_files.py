"""How the files of editors and of GitHub are read."""

import json
import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML


def read_yaml(file: Path) -> Any:
    """Return the document as plain dictionaries and lists."""
    return YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))


def read_jsonc(file: Path) -> Any:
    """Return a document of JSON with comments on lines of their own."""
    return json.loads(re.sub(r"^\s*//.*$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE))

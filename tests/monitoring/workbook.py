"""`infra/workbook.json`, taken apart."""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
WORKBOOK: dict[str, Any] = json.loads((ROOT / "infra" / "workbook.json").read_text(encoding="utf-8"))
# What the numbers of the items' types mean.
TEXT, QUERY, PARAMETERS, METRIC = 1, 3, 9, 10


def items(kind: int) -> list[dict[str, Any]]:
    """Return the items of one kind."""
    return [item for item in WORKBOOK["items"] if item["type"] == kind]


WORKBOOK_QUERIES = {item["content"]["title"]: item["content"]["query"] for item in items(QUERY)}

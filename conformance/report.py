"""The results as a table for a terminal, as Markdown, and as JSON."""

import json
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from conformance.results import Result, Status

WIDTH = 118
COLUMNS = "number   result   behaviour"


def summary(results: Sequence[Result]) -> str:
    """Return one line that counts the results."""
    counts = Counter(result.status for result in results)
    parts = [f"{counts[status]} {words}" for status, words in _WORDS.items() if counts[status]]
    return f"{len(results)} behaviours: {', '.join(parts)}"


_WORDS: dict[Status, str] = {"pass": "pass", "differs": "differ", "stated": "differ as stated", "not run": "not run"}


def table(results: Sequence[Result]) -> str:
    """Return a line for each result, with what was expected and seen below a difference."""
    lines = [COLUMNS]
    for result in results:
        lines.append(f"{result.number:<8} {result.status:<8} {result.title}")
        for name, text in details(result):
            indent = " " * 18
            lines += textwrap.wrap(f"{name}: {text}", WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")
    return "\n".join(lines)


def details(result: Result) -> list[tuple[str, str]]:
    """Return what a result says beside its status, with a name for each."""
    named = (("expected", result.expected), ("got", result.got), ("reason", result.reason))
    return [(name, text) for name, text in named if text]


def to_markdown(results: Sequence[Result], about: dict[str, str]) -> str:
    """Return a page with the summary and a table."""
    rows = [f"| {result.number} | {result.title} | {result.status} | {_cell(result)} |" for result in results]
    facts = [f"- {name}: {value}" for name, value in about.items()]
    head = ["| number | behaviour | result | expected, got, reason |", "|---|---|---|---|"]
    return "\n".join(["# Conformance", "", *facts, f"- {summary(results)}", "", *head, *rows, ""])


def to_json(results: Sequence[Result], about: dict[str, str]) -> str:
    """Return a document with the counts and every result."""
    counted = Counter(result.status for result in results)
    entries = [
        {"number": result.number, "behaviour": result.title, "result": result.status, "seconds": result.seconds}
        | dict(details(result))
        for result in results
    ]
    document = {
        "version": 1,
        "about": about,
        "summary": {status: counted[status] for status in _WORDS},
        "results": entries,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write_results(results: Sequence[Result], about: dict[str, str], json_file: Path | None, page: Path | None) -> None:
    """Write the results to the files that are asked for."""
    if json_file is not None:
        json_file.write_text(to_json(results, about), encoding="utf-8")
    if page is not None:
        page.write_text(to_markdown(results, about), encoding="utf-8")


def _cell(result: Result) -> str:
    text = "; ".join(f"{name} {text}" for name, text in details(result))
    return text.replace("|", "\\|").replace("\n", " ")

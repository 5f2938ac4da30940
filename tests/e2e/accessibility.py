"""What axe-core finds on a page."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Frame, Page

AXE = Path(__file__).parents[1] / "page" / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page | Frame, part: str = "html", *, impacts: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Return the violations in a part of the page with the elements: all of them, or those with one of the impacts.

    What is in a frame of the page is not looked at: give the frame.
    """
    if not AXE.exists():
        pytest.fail("axe-core is not installed: npm ci in tests/page")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("async part => (await axe.run(part)).violations", part)
    return [
        {"rule": one["id"], "nodes": [node["html"] for node in one["nodes"]]}
        for one in found
        if not impacts or one["impact"] in impacts
    ]


def violations_in_both_schemes(page: Page, part: str = "html") -> list[dict[str, Any]]:
    """Return what violates any rule in light colours, and a rule about colours in dark ones: nothing else changes."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")  # colours change at once
    light = violations(page, part)
    page.emulate_media(color_scheme="dark")
    dark: list[dict[str, Any]] = page.evaluate(
        """async part => (await axe.run(part, { runOnly: ['color-contrast', 'link-in-text-block'] })).violations
          .map(({ id, nodes }) => ({ rule: id, nodes: nodes.map(({ html }) => html), scheme: 'dark' }))""",
        part,
    )
    return light + dark

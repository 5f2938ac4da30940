"""What axe-core finds in the light and in the dark colours."""

from typing import Any

from playwright.sync_api import Page

from tests.e2e.accessibility import violations


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

"""Draw the icons of the installed page from `static/icon.svg`: `python3 tools/app_icons.py`, with a Chromium.

A maskable icon fills its square, and keeps what must be seen in a circle of 80 % of it; so does the icon of a home
screen.
"""

import base64
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

STATIC = Path(__file__).resolve().parents[1] / "static"
BACKGROUND = "#f6f1e7"
# The file, its side in pixels, the part of the side that the drawing takes, and the background.
ICONS = [
    ("192.png", 192, 1.0, "transparent"),
    ("512.png", 512, 1.0, "transparent"),
    ("maskable-512.png", 512, 0.6, BACKGROUND),
    ("apple-touch-180.png", 180, 0.7, BACKGROUND),
]


def draw_icons(folder: Path) -> None:
    """Write the icons into the folder."""
    drawing = base64.b64encode((STATIC / "icon.svg").read_bytes()).decode()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium-headless-shell"), args=["--no-sandbox"])
        page = browser.new_page()
        for name, side, part, background in ICONS:
            page.set_viewport_size({"width": side, "height": side})
            image = f'<img src="data:image/svg+xml;base64,{drawing}" width="{round(side * part)}">'
            style = f"margin:0;height:100vh;display:grid;place-items:center;background:{background}"
            page.set_content(f'<body style="{style}">{image}')
            page.locator("img").evaluate("image => image.decode()")
            page.screenshot(path=folder / name, omit_background=True)
        browser.close()


if __name__ == "__main__":
    draw_icons(STATIC / "icons")

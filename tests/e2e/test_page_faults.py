"""Everything fails in turn while three people type: afterwards all screens show the same log, with every line."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.people import ACCESS_KEY, Wire, until
from tests.e2e.processes import run_processes

# Somebody who sends a numbered line again and again.
TYPE = """([name, interval, most]) => {
  const box = document.getElementById("message-box");
  window.typed = 0;
  const type = () => {
    if (window.typed === most) return;
    window.typed += 1;
    box.value = `${name} ${window.typed}`;
    box.dispatchEvent(new Event("input"));
    document.getElementById("send-button").click();
  };
  type();
  window.typing = setInterval(type, interval);
}"""
INTERVAL_MS = 900
MAX_LINES = 20
SOON = "Math.random = () => -0.9"  # waits a twentieth as long before it tries again


def expire(url: str) -> str:
    """Return a service's URL with a token that has expired."""
    token = parse_qs(urlsplit(url).query)["access_token"][0]
    body = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return url.replace(token, jwt.encode(claims | {"nbf": 1, "iat": 1, "exp": 1_000_000_000}, ACCESS_KEY))


def enter(page: Page, url: str, name: str) -> Wire:
    page.add_init_script(SOON)
    wire = Wire(page)
    page.goto(f"{url}/#garden")
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join the chat").click()
    expect(page.get_by_role("log")).to_have_attribute("data-membership", "joined", timeout=20_000)
    return wire


def lines(page: Page) -> list[str]:
    return page.locator(".message .text").all_inner_texts()


def status(page: Page) -> str:
    return page.locator("#status-text").inner_text()


@pytest.mark.timeout(180)
def test_after_every_fault_all_screens_show_the_same_log_with_every_line_and_all_processes_stop_at_ctrl_c(
    tmp_path: Path, new_person: Callable[[], Page]
) -> None:
    with run_processes(tmp_path, instances=2, ChatRateLimits="off") as servers:
        pages = [new_person() for _ in range(3)]
        names = ["ana", "bo", "cy"]
        ana, bo, cy = pages
        ana_wire, bo_wire, cy_wire = (enter(page, servers.url, name) for page, name in zip(pages, names, strict=True))
        for page, name in zip(pages, names, strict=True):
            page.evaluate(TYPE, [name, INTERVAL_MS, MAX_LINES])

        # The sockets of bo fall silent, as in a sleep; on waking up nothing is called live before there was an answer.
        bo_wire.answer, bo_wire.keeps = (lambda frame: []), (lambda frame: True)
        bo.evaluate("dispatchEvent(new Event('offline'))")
        until(bo, lambda: "Live" not in status(bo))

        # The network of ana is gone, and then the service has forgotten the connection.
        ana_wire.refuses_with = 1008
        ana_wire.cut()
        until(ana, lambda: "Reconnecting" in status(ana))

        # The token with which cy comes back has expired.
        negotiated: list[str] = []

        def expire_first(route: Route) -> None:
            answer = route.fetch()
            negotiated.append(answer.json()["url"])
            url = expire(negotiated[0]) if len(negotiated) == 1 else negotiated[-1]
            route.fulfill(json={"url": url})

        cy.route("**/negotiate", expire_first)
        cy_wire.cut(code=1008)
        until(cy, lambda: len(negotiated) > 1)
        cy.unroute("**/negotiate")

        for server in (servers.functions, servers.tables):
            server.kill()
            server.start()

        # The service is gone, and the page says so.
        expect(cy.locator("#status-text")).to_contain_text("Live", timeout=60_000)
        servers.webpubsub.kill()
        expect(cy.get_by_role("status")).to_contain_text("Reconnecting", timeout=20_000)
        servers.webpubsub.start()
        ana_wire.refuses_with = None
        bo_wire.answer, bo_wire.keeps = (lambda frame: None), (lambda frame: False)

        for page in pages:
            expect(page.locator("#status-text")).to_contain_text("Live", timeout=60_000)
        for page in pages:
            until(page, lambda page=page: page.evaluate("typed") >= 4)  # type: ignore[misc]
            page.evaluate("clearInterval(typing)")
        typed = [
            f"{name} {n + 1}" for page, name in zip(pages, names, strict=True) for n in range(page.evaluate("typed"))
        ]
        for page in pages:
            page.set_viewport_size({"width": 1280, "height": 5000})  # what is out of view has no elements
            expect(page.locator(".message:is(.pending, .sent, .failed)")).to_have_count(0, timeout=60_000)
            expect(page.locator(".message .text")).to_have_count(len(typed), timeout=60_000)
        assert lines(ana) == lines(bo) == lines(cy)
        assert sorted(lines(ana)) == sorted(typed)
        expect(ana.locator(".gap")).to_have_count(0)

        # All stop at Ctrl-C, each with exit code 0.
        for page in pages:
            page.close()
        for process in servers.all:
            assert process.stop() == 0
            assert "Traceback" not in process.output()

"""What the page does when the wire is cut, the token has expired, or the server refuses."""

import base64
import json
import re
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import ACCESS_KEY, Person, Wire, a_room, come_online, until

NewPerson = Callable[[], Page]
FEW_TRIES = "Math.random = () => 60"  # the page waits long before it tries again, unless it is told to


@pytest.fixture
def room() -> str:
    return a_room()


def go_offline(person: Person, wire: Wire, code: int = 1008) -> None:
    """Cut the socket, and refuse every other one; with 1008 the connection has ended for good."""
    wire.refuses_with = 1008
    wire.cut(code=code)
    expect(person.status).to_contain_text("Reconnecting")


def go_online(person: Person, wire: Wire) -> None:
    wire.refuses_with = None
    come_online(person.page)
    person.expect_live()


def test_a_cut_socket_is_recovered_with_its_token_and_after_a_gap_the_page_fetches_what_it_missed(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    page.clock.install()
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter(room)
    with Crowd(chat, room, "bo") as crowd:
        crowd.say(["before"])
        ana.expect_line("before")
        wire.cut()
        crowd.say(["during"])
        ana.expect_line("during")
        crowd.say(["after"])
        ana.expect_line("after")
        assert ana.texts() == ["before", "during", "after"]
        assert "awps_reconnection_token=" in wire.urls[-1]
        assert [join["room"] for join in wire.events("join")].count(room) == 1

        go_offline(ana, wire)
        crowd.say(["missed"])
        go_online(ana, wire)
        ana.expect_line("missed")
        assert ana.texts() == ["before", "during", "after", "missed"]
        expect(page.locator(".gap")).to_have_count(0)

        # A socket that was lost without a close is replaced when the page is online again.
        sockets = len(wire.urls)
        pings = sum(frame["type"] == "ping" for frame in wire.sent)
        wire.answer, wire.keeps = (lambda frame: []), (lambda frame: True)
        crowd.say(["into the void"])
        until(page, lambda: any("into the void" in frame for frame in wire.kept))
        come_online(page)
        until(page, lambda: sum(frame["type"] == "ping" for frame in wire.sent) > pings)
        wire.answer, wire.keeps = (lambda frame: None), (lambda frame: False)
        page.clock.fast_forward(5_100)
        ana.expect_line("into the void")
        assert len(wire.urls) == sockets + 1


def test_what_is_written_is_sent_once_by_the_next_connection_also_after_a_reload(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter(room)
    pending = page.locator(".pending, .sent")

    wire.keeps = lambda frame: frame["type"] in ("ack", "message")
    ana.say("hello")
    expect(ana.lines).to_have_class(re.compile("pending"))
    wire.release()
    expect(pending).to_have_count(0)
    expect(ana.lines).to_have_count(1)

    with Crowd(chat, room, "bo") as crowd:
        wire.keeps = lambda frame: frame["type"] in ("ack", "message")
        ana.say("not acknowledged")
        crowd.hear("bo", message="not acknowledged")
        ack_id = next(frame["ackId"] for frame in reversed(wire.sent) if frame.get("event") == "message")
        until(page, lambda: ack_id in [json.loads(frame).get("ackId") for frame in wire.kept])
        until(page, lambda: any("not acknowledged" in frame for frame in wire.kept))
        wire.kept.clear()
        wire.keeps = lambda frame: False
        wire.cut(code=1008)
        until(page, lambda: len(wire.events("message")) == 3)
        ana.expect_line("not acknowledged")
        expect(ana.lines.filter(has_text="Sending…")).to_have_count(0)
        expect(pending).to_have_count(0)
        assert [sent["message"] for sent in wire.events("message")] == ["hello", *["not acknowledged"] * 2]
        assert len({sent["clientId"] for sent in wire.events("message")}) == 2

        go_offline(ana, wire, code=4001)
        ana.say("one")
        ana.say("two")
        expect(ana.lines.filter(has_text="Waits for a connection")).to_have_count(2)
        page.reload()
        expect(ana.lines.filter(has_text="Waits for a connection")).to_have_count(2)
        go_online(ana, wire)
        ana.expect_line("two")
        crowd.hear("bo", message="two")
        crowd.say(["got it"])
        ana.expect_line("got it")

    page.reload()
    ana.expect_line("got it")
    assert ana.texts() == ["hello", "not acknowledged", "one", "two", "got it"]
    assert len({sent["clientId"] for sent in wire.events("message")}) == 4


def test_a_failed_message_says_why_and_can_be_sent_again_or_discarded(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    # The page itself refuses what is too long; a limit that only the server knows shows what it says then.
    page.route("**/session", lambda route: route.fulfill(json=_with_limit(route, 100_000)))
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter(room)
    failed = page.locator(".failed")

    def fail(frame: dict[str, object]) -> list[dict[str, object]] | None:
        if frame.get("event") != "message":
            return None
        error = {"name": "InternalServerError", "message": "Internal server error"}
        return [{"type": "ack", "ackId": frame["ackId"], "success": False, "error": error}]

    wire.answer = fail
    ana.say("hello")
    expect(failed).to_contain_text("Something went wrong here")
    wire.answer = lambda frame: None
    failed.get_by_role("button", name="Retry").click()
    expect(failed).to_have_count(0)
    ana.expect_line("hello")
    expect(page.locator(".pending, .sent")).to_have_count(0)
    first, second = wire.events("message")
    assert first["clientId"] == second["clientId"]

    ana.say("x" * 5000)
    expect(failed).to_contain_text("too long for one message")
    page.reload()
    expect(failed).to_have_count(1)
    failed.get_by_role("button", name="Discard").click()
    expect(failed).to_have_count(0)
    page.reload()
    ana.expect_live()
    ana.expect_line("hello")  # everybody has it, and it alone
    expect(ana.lines).to_have_count(1)


def _with_limit(route: Route, limit: int) -> object:
    session = route.fetch().json()
    session["limits"]["messageBytes"] = limit
    return session


def test_the_status_counts_down_and_says_that_nothing_is_lost_and_what_is_wrong(
    chat: Chat, new_person: NewPerson
) -> None:
    page = new_person()
    page.add_init_script(FEW_TRIES)
    page.route("**/session", lambda route: route.fulfill(json=route.fetch().json() | {"signIn": "/?sign-in"}))
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter()
    status, countdown = page.get_by_role("status"), page.locator("#retry-countdown")
    expect(status).to_contain_text("local demo")

    wire.refuses_with = 4002
    wire.cut()
    expect(status).to_contain_text("Reconnecting")
    expect(status).to_contain_text("kept")
    expect(countdown).to_have_text(re.compile(r"Next try in \d+ s"))
    page.context.set_offline(True)
    expect(status).to_contain_text("offline")
    page.context.set_offline(False)
    expect(status).to_contain_text("Reconnecting")
    wire.refuses_with = None
    page.get_by_role("button", name="Try now").click()
    ana.expect_live()
    expect(countdown).to_be_hidden()

    # Without a network it warns at once, also while the socket is still open, and is live after an answer only.
    wire.answer, wire.keeps = (lambda frame: []), (lambda frame: True)
    page.context.set_offline(True)
    expect(ana.status).to_contain_text("You are offline. What you send is kept.", timeout=2_000)
    expect(page.locator("#status")).to_have_attribute("data-tone", "warn")
    page.context.set_offline(False)
    expect(ana.status).to_contain_text("Checking the connection", timeout=2_000)
    wire.answer, wire.keeps = (lambda frame: None), (lambda frame: False)
    come_online(page)
    ana.expect_live()

    refusal = {"error": {"code": "not_configured", "message": "ChatAuth is not set"}}
    page.route("**/negotiate", lambda route: route.fulfill(status=503, json=refusal))
    wire.cut(code=1008)
    come_online(page)
    expect(status).to_contain_text("The chat is not ready yet")

    refusal = {"error": {"code": "sign_in_required", "message": "sign in first"}}
    page.route("**/negotiate", lambda route: route.fulfill(status=401, json=refusal))
    come_online(page)
    expect(status).to_contain_text("signed out")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{chat.url}/?sign-in")
    page.wait_for_load_state("networkidle")  # the route above answers a page that must not be closed yet


def test_several_events_of_waking_up_open_one_connection_and_an_expired_token_another(
    chat: Chat, new_person: NewPerson
) -> None:
    page = new_person()
    page.add_init_script(FEW_TRIES)
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter()
    wire.cut(code=1008)
    expect(ana.status).to_contain_text("Reconnecting")
    page.evaluate("""() => {
      dispatchEvent(new Event('online'));
      document.dispatchEvent(new Event('visibilitychange'));
    }""")
    until(page, lambda: len(wire.urls) == 2)
    ana.expect_live()
    page.wait_for_load_state("networkidle")
    assert len(wire.urls) == 2

    negotiated: list[str] = []

    def expire_the_first(route: Route) -> None:
        answer = route.fetch()
        url = answer.json()["url"]
        negotiated.append(url)
        token = parse_qs(urlsplit(url).query)["access_token"][0]
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        expired = jwt.encode(claims | {"nbf": 1, "iat": 1, "exp": 1_000_000_000}, ACCESS_KEY)
        route.fulfill(json={"url": url.replace(token, expired)} if len(negotiated) == 1 else answer.json())

    page.route("**/negotiate", expire_the_first)
    wire.cut(code=1008)
    expect(ana.status).to_contain_text("Reconnecting")
    come_online(page)
    until(page, lambda: len(wire.urls) == 3)  # the service refuses it
    expect(page.locator("#retry-countdown")).to_be_visible()
    page.get_by_role("button", name="Try now").click()
    ana.expect_live()
    assert len(negotiated) == 2
    assert len(wire.urls) == 4


def test_a_closed_tab_is_removed_from_the_roster_at_once(chat: Chat, new_person: NewPerson, room: str) -> None:
    with Crowd(chat, room, "bo") as crowd:
        ana = Person(new_person(), chat, "ana").enter(room)
        ana.expect_here("bo")
        closed = time.monotonic()
        ana.page.goto("about:blank")

        crowd.hear("bo", type="system", event="left", user="ana")
        assert time.monotonic() - closed < 15  # a connection that is lost without a close is kept for 30 seconds


def test_what_an_earlier_page_left_in_storage_is_used_and_what_cannot_be_read_breaks_nothing(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    unsent = {"id": "1-2-3-4", "from": "ana", "room": room, "message": "from before", "state": "pending"}
    stored = {
        "chat.rooms": "secret-plans",
        "chat.places.ana": json.dumps({"v": 1, "rooms": [{"room": "lobby"}, {"room": room}, {"room": "no/such"}]}),
        "chat.outbox.ana.1-2-3-4": json.dumps(unsent | {"sentAt": "2026-01-31T12:00:00.000Z"}),
        "chat.outbox.ana.5-6-7-8": "{",
        f"chat.read.{room}": "zzz",
        "chat.theme": "neon",
        "chat.draft." + room: "somebody's draft",
        f"chat.user.ana.draft.{room}": "a draft",
    }
    page.add_init_script(f"for (const [k, v] of Object.entries({json.dumps(stored)})) localStorage[k] ??= v")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    ana = Person(page, chat, "ana").enter(room)

    ana.expect_line("from before")
    expect(page.locator(".pending, .sent")).to_have_count(0)
    expect(ana.box).to_have_value("a draft")
    expect(page.locator("#my-rooms").get_by_role("link")).to_have_count(2)
    expect(page.get_by_role("button", name="Theme: system")).to_be_visible()
    expect(page.locator(".error")).to_have_count(0)
    assert errors == []

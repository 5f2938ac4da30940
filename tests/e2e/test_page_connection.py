"""What the page does when the wire is cut, the token has expired, or the server refuses."""

import base64
import json
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Chat
from tests.e2e.people import ACCESS_KEY, Person, Wire, a_room, come_online, until

NewPerson = Callable[[], Page]


@pytest.fixture
def room() -> str:
    return a_room()


def test_a_cut_socket_is_recovered_with_its_token_and_nothing_is_lost_or_duplicated(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    wire = Wire(page)
    ana, bo = Person(page, chat, "ana").enter(room), Person(new_person(), chat, "bo").enter(room)
    bo.say("before")
    ana.expect_line("before")

    wire.cut()
    bo.say("during")
    bo.expect_line("during")
    ana.expect_line("during")
    bo.say("after")
    ana.expect_line("after")

    assert ana.texts() == ["before", "during", "after"]
    assert "awps_reconnection_token=" in wire.urls[-1]
    assert len(wire.events("join")) == 2  # the room and the lobby, once each


def test_what_is_written_without_a_connection_is_sent_by_the_next_one_also_after_a_reload(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    wire = Wire(page)
    ana, bo = Person(page, chat, "ana").enter(room), Person(new_person(), chat, "bo").enter(room)
    wire.refuses_with = 1008
    wire.cut()
    expect(ana.status).to_contain_text("Reconnecting")

    ana.say("one")
    ana.say("two")
    expect(ana.lines.filter(has_text="Sending…")).to_have_count(2)
    page.reload()
    expect(ana.lines.filter(has_text="Sending…")).to_have_count(2)
    wire.refuses_with = None
    come_online(page)

    ana.expect_live()
    for person in (ana, bo):
        person.expect_line("two")
        assert person.texts() == ["one", "two"]
    page.reload()
    ana.expect_line("two")
    expect(ana.lines).to_have_count(2)
    assert len({sent["clientId"] for sent in wire.events("message")}) == 2


def test_a_message_whose_acknowledgement_was_lost_shows_once(chat: Chat, new_person: NewPerson, room: str) -> None:
    page = new_person()
    wire = Wire(page)
    ana, bo = Person(page, chat, "ana").enter(room), Person(new_person(), chat, "bo").enter(room)

    wire.keeps = lambda frame: frame["type"] in ("ack", "message")
    ana.say("hello")
    bo.expect_line("hello")
    wire.kept.clear()
    wire.keeps = lambda frame: False
    wire.cut(code=1008)

    ana.expect_live()
    ana.expect_line("hello")
    expect(ana.lines.filter(has_text="Sending…")).to_have_count(0)
    expect(page.locator(".pending")).to_have_count(0)
    bo.say("got it")
    ana.expect_line("got it")
    assert bo.texts() == ana.texts() == ["hello", "got it"]
    assert len(wire.events("message")) == 2
    assert len({sent["clientId"] for sent in wire.events("message")}) == 1


def test_after_a_gap_the_page_fetches_what_it_missed(chat: Chat, new_person: NewPerson, room: str) -> None:
    page = new_person()
    wire = Wire(page)
    ana, bo = Person(page, chat, "ana").enter(room), Person(new_person(), chat, "bo").enter(room)
    bo.say("heard")
    ana.expect_line("heard")
    wire.refuses_with = 1008
    wire.cut(code=1008)
    expect(ana.status).to_contain_text("Reconnecting")

    bo.say("missed")
    bo.expect_line("missed")
    wire.refuses_with = None
    come_online(page)

    ana.expect_line("missed")
    assert ana.texts() == ["heard", "missed"]
    expect(page.locator(".gap")).to_have_count(0)


def test_an_expired_token_leads_to_a_new_negotiation(chat: Chat, new_person: NewPerson) -> None:
    page = new_person()
    wire = Wire(page)
    negotiated: list[str] = []

    def expire_the_second(route: Route) -> None:
        answer = route.fetch()
        url = answer.json()["url"]
        negotiated.append(url)
        token = parse_qs(urlsplit(url).query)["access_token"][0]
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        expired = jwt.encode(claims | {"nbf": 1, "iat": 1, "exp": 1_000_000_000}, ACCESS_KEY)
        route.fulfill(json={"url": url.replace(token, expired)} if len(negotiated) == 2 else answer.json())

    page.route("**/negotiate", expire_the_second)
    Person(page, chat, "ana").enter()

    assert len(negotiated) == 3  # the name, the refused connection, the accepted one
    assert len(wire.urls) == 2


def test_a_failed_message_says_why_and_can_be_sent_again(chat: Chat, new_person: NewPerson, room: str) -> None:
    page = new_person()
    wire = Wire(page)
    ana, bo = Person(page, chat, "ana").enter(room), Person(new_person(), chat, "bo").enter(room)

    def fail(frame: dict[str, object]) -> list[dict[str, object]] | None:
        if frame.get("event") != "message":
            return None
        error = {"name": "InternalServerError", "message": "Internal server error"}
        return [{"type": "ack", "ackId": frame["ackId"], "success": False, "error": error}]

    wire.answer = fail
    ana.say("hello")
    failed = page.locator(".failed")
    expect(failed).to_contain_text("Something went wrong here")
    wire.answer = lambda frame: None
    failed.get_by_role("button", name="Retry").click()

    bo.expect_line("hello")
    expect(failed).to_have_count(0)
    first, second = wire.events("message")
    assert first["clientId"] == second["clientId"]


def test_a_refusal_by_the_server_is_shown_at_the_message_which_can_be_discarded(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    # The page itself refuses what is too long; a limit that only the server knows shows what it says then.
    page.route("**/session", lambda route: route.fulfill(json=_with_limit(route, 100_000)))
    ana = Person(page, chat, "ana").enter(room)

    ana.say("x" * 5000)

    failed = page.locator(".failed")
    expect(failed).to_contain_text("too long for one message")
    page.reload()
    expect(failed).to_have_count(1)
    failed.get_by_role("button", name="Discard").click()
    expect(ana.lines).to_have_count(0)
    page.reload()
    ana.expect_live()
    expect(ana.lines).to_have_count(0)


def _with_limit(route: Route, limit: int) -> object:
    session = route.fetch().json()
    session["limits"]["messageBytes"] = limit
    return session


def test_a_message_is_pending_until_the_server_has_it(chat: Chat, new_person: NewPerson, room: str) -> None:
    page = new_person()
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter(room)

    wire.keeps = lambda frame: frame["type"] in ("ack", "message")
    ana.say("hello")
    expect(ana.lines).to_have_class(re.compile("pending"))
    wire.release()

    expect(page.locator(".pending")).to_have_count(0)
    expect(ana.lines).to_have_count(1)


def test_the_status_counts_down_and_says_that_nothing_is_lost(chat: Chat, new_person: NewPerson) -> None:
    page = new_person()
    page.add_init_script("Math.random = () => 60")  # long waits, so that only the button ends them
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter()
    expect(page.get_by_role("status")).to_contain_text("local demo")

    wire.refuses_with = 4002
    wire.cut()
    expect(page.get_by_role("status")).to_contain_text("Reconnecting")
    expect(page.get_by_role("status")).to_contain_text("kept")
    expect(page.locator("#retry-countdown")).to_have_text(re.compile(r"Next try in \d+ s"))
    page.context.set_offline(True)
    expect(page.get_by_role("status")).to_contain_text("offline")
    page.context.set_offline(False)
    expect(page.get_by_role("status")).to_contain_text("Reconnecting")

    wire.refuses_with = None
    page.get_by_role("button", name="Try now").click()
    ana.expect_live()
    expect(page.locator("#retry-countdown")).to_be_hidden()


def test_without_a_network_the_status_warns_at_once_and_live_is_said_after_an_answer_only(
    chat: Chat, new_person: NewPerson
) -> None:
    page = new_person()
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter()
    wire.answer, wire.keeps = (lambda frame: []), (lambda frame: True)  # nobody knows it yet: the socket stays open

    page.context.set_offline(True)
    expect(ana.status).to_contain_text("You are offline. What you send is kept.", timeout=2_000)
    expect(page.locator("#status")).to_have_attribute("data-tone", "warn")
    page.context.set_offline(False)
    expect(ana.status).to_contain_text("Checking the connection", timeout=2_000)
    wire.answer, wire.keeps = (lambda frame: None), (lambda frame: False)
    come_online(page)
    ana.expect_live()


def test_a_socket_that_was_lost_without_a_close_is_replaced_when_the_page_is_online_again(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    page.clock.install()
    wire = Wire(page)
    ana, bo = Person(page, chat, "ana").enter(room), Person(new_person(), chat, "bo").enter(room)
    wire.answer = lambda frame: []
    wire.keeps = lambda frame: True
    bo.say("into the void")
    until(page, lambda: any("into the void" in frame for frame in wire.kept))

    come_online(page)
    until(page, lambda: any(frame["type"] == "ping" for frame in wire.sent))
    wire.answer, wire.keeps = lambda frame: None, lambda frame: False
    page.clock.fast_forward(5_100)

    ana.expect_line("into the void")
    assert len(wire.urls) == 2


def test_several_events_of_waking_up_open_one_connection(chat: Chat, new_person: NewPerson) -> None:
    page = new_person()
    page.add_init_script("Math.random = () => 60")  # long waits, so that only waking up ends them
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter()
    wire.cut(code=1008)
    expect(ana.status).to_contain_text("Reconnecting")

    page.evaluate("""() => {
      dispatchEvent(new Event('online'));
      document.dispatchEvent(new Event('visibilitychange'));
    }""")

    ana.expect_live()
    page.wait_for_load_state("networkidle")
    assert len(wire.urls) == 2


def test_someone_who_is_signed_out_is_offered_the_sign_in(chat: Chat, new_person: NewPerson) -> None:
    page = new_person()
    page.route("**/session", lambda route: route.fulfill(json=route.fetch().json() | {"signIn": "/?sign-in"}))
    wire = Wire(page)
    Person(page, chat, "ana").enter()
    refusal = {"error": {"code": "sign_in_required", "message": "sign in first"}}
    page.route("**/negotiate", lambda route: route.fulfill(status=401, json=refusal))

    wire.cut(code=1008)

    expect(page.get_by_role("status")).to_contain_text("signed out")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{chat.url}/?sign-in")
    page.wait_for_load_state("networkidle")  # the route above answers a page that must not be closed yet


def test_the_servers_reason_for_a_failed_negotiation_is_shown(chat: Chat, new_person: NewPerson) -> None:
    page = new_person()
    wire = Wire(page)
    Person(page, chat, "ana").enter()
    refusal = {"error": {"code": "not_configured", "message": "ChatAuth is not set"}}
    page.route("**/negotiate", lambda route: route.fulfill(status=503, json=refusal))

    wire.cut(code=1008)

    expect(page.get_by_role("status")).to_contain_text("The chat is not ready yet")


def test_a_closed_tab_is_removed_from_the_roster_at_once(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana, bo = (Person(new_person(), chat, name).enter(room) for name in ("ana", "bo"))
    ana.expect_here("bo")

    bo.page.goto("about:blank")

    expect(ana.page.locator("#people-list li")).to_have_count(1, timeout=5_000)
    expect(ana.page.locator(".presence").last).to_contain_text("left")


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

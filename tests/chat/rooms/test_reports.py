"""Members report messages; moderators see what is reported, by whom and why, and resolve it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.rooms.report_store import (
    MAX_OF_USER,
    MAX_OPEN,
    MAX_REPORTERS,
    Report,
    ReportedMessage,
    TooManyReports,
    decode_reported,
    encode_reported,
    with_report,
)
from chat.table_storage.entities import ETAG
from tests.chat.local_chat import Frame, LocalChat, Tab
from tests.chat.rooms.moderated import own_room, refusal, say

ROOM = "design"
NEW = ReportedMessage(ROOM, "m1", 7)


async def reports(tab: Tab) -> list[Frame]:
    await tab.ask("reports", {"room": ROOM})
    answer = await tab.next(type="reports")
    assert answer["open"] >= len(answer["reports"])
    return list(answer["reports"])


async def test_moderators_see_what_is_reported_by_whom_and_why_until_it_is_resolved(chat: LocalChat) -> None:
    ana, mo, bo, cy = await own_room(chat, ROOM, "mo", "bo", "cy")
    rude, other = await say(bo, ROOM, "rude words"), await say(bo, ROOM, "buy my things")
    assert await reports(ana) == []

    await cy.ask("report", {"room": ROOM, "id": other["id"], "reason": "spam"})
    await cy.ask("report", {"room": ROOM, "id": rude["id"], "reason": "rude"})
    await ana.ask("report", {"room": ROOM, "id": rude["id"], "reason": "very rude"})
    await cy.ask("report", {"room": ROOM, "id": rude["id"], "reason": "again"})

    first, second = await reports(mo)
    assert [(report["user"], report["reason"]) for report in first["reports"]] == [("cy", "rude"), ("ana", "very rude")]
    assert (first["id"], first["message"]["message"], first["message"]["from"]) == (rude["id"], "rude words", "bo")
    assert [report["reason"] for report in second["reports"]] == ["spam"]
    assert [frame for frame in [*bo.frames, *cy.frames] if frame.get("event") == "error"] == []

    await mo.ask("delete", {"room": ROOM, "id": rude["id"]})
    assert (await reports(mo))[0]["message"]["message"] == ""
    await mo.ask("resolve", {"room": ROOM, "id": rude["id"]})
    await mo.ask("resolve", {"room": ROOM, "id": rude["id"]})
    assert [each["id"] for each in await reports(ana)] == [other["id"]]


async def test_only_what_is_in_the_room_can_be_reported_by_who_is_in_it(chat: LocalChat) -> None:
    ana, bo = await own_room(chat, ROOM, "bo")
    line, elsewhere = await say(ana, ROOM, "hello"), await say(ana, "lobby", "hello")
    gone = await say(ana, ROOM, "gone")
    await ana.ask("delete", {"room": ROOM, "id": gone["id"]})
    outside = await chat.open("cy")

    def report(identity: str) -> dict[str, Any]:
        return {"room": ROOM, "id": identity, "reason": "spam"}

    assert await refusal(outside, "report", report(line["id"])) == "not_in_room"
    assert await refusal(bo, "report", report(elsewhere["id"])) == "unknown_message"
    assert await refusal(bo, "report", report(gone["id"])) == "unknown_message"
    for reason in (None, "", " ", "x" * 201, "two\nlines"):
        assert await refusal(bo, "report", {"room": ROOM, "id": line["id"], "reason": reason}) == "invalid_message"
    assert await refusal(bo, "reports", {"room": ROOM}) == "not_allowed"
    assert await refusal(bo, "resolve", {"room": ROOM, "id": line["id"]}) == "not_allowed"
    assert await reports(ana) == []


def report_of(user: str) -> Report:
    return Report(user, 1000, "spam")


def test_a_second_report_of_a_message_by_a_user_counts_once() -> None:
    once = with_report([], NEW, report_of("bo"))

    assert once is not None
    assert with_report([once], NEW, report_of("bo")) is None
    twice = with_report([once], NEW, report_of("cy"))
    assert twice is not None
    assert [report.user for report in twice.reports] == ["bo", "cy"]


def test_the_queue_is_bounded_for_each_user_for_each_room_and_for_each_message() -> None:
    by_bo = [ReportedMessage(ROOM, f"m{n}", n, (report_of("bo"),)) for n in range(10, 10 + MAX_OF_USER)]
    full = [ReportedMessage(ROOM, f"m{n}", n, (report_of(f"u{n}"),)) for n in range(10, 10 + MAX_OPEN)]
    hated = ReportedMessage(ROOM, "m1", 7, tuple(report_of(f"u{n}") for n in range(MAX_REPORTERS)))

    with pytest.raises(TooManyReports, match=str(MAX_OF_USER)):
        with_report(by_bo, NEW, report_of("bo"))
    with pytest.raises(TooManyReports, match=str(MAX_OPEN)):
        with_report(full, NEW, report_of("bo"))
    assert with_report(by_bo, NEW, report_of("cy")) is not None
    assert with_report(full, ReportedMessage(ROOM, "m10", 10), report_of("bo")) is not None
    assert with_report([hated], NEW, report_of("bo")) is None


@given(st.lists(st.builds(Report, st.text(max_size=8), st.integers(0, 10**13), st.text(max_size=8)), max_size=5))
def test_reports_are_read_as_they_were_stored(kept: list[Report]) -> None:
    reported = ReportedMessage(ROOM, "m1", 7, tuple(kept), "etag")

    row = encode_reported(reported) | {ETAG: "etag", "later": 1}

    assert decode_reported(row) == reported


def test_a_later_versions_report_with_more_fields_is_read() -> None:
    row = {"PartitionKey": ROOM, "RowKey": "m1", "v": 2, "seq": 7, "reports": '[["bo",5,"spam","more"]]', ETAG: "e"}

    assert decode_reported(row) == ReportedMessage(ROOM, "m1", 7, (Report("bo", 5, "spam"),), "e")

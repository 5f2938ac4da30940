"""A user is erased completely: whatever is said meanwhile, and whenever the work is cut off."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chat.administration.erasure import Erasure
from chat.administration.erasure_job import ErasureJob, ErasureState, decode_state
from chat.gateway import Gateways
from chat.message_ids import derived_id
from chat.names import REMINDER_USER
from chat.presence.places import Place, PlaceStore, Position
from chat.room_list.store import RoomListStore, now_ms
from chat.room_log.audit_answers import audit_frame
from chat.room_log.model import (
    DeleteMessage,
    EraseUser,
    Message,
    NewMessage,
    Quote,
    change_message,
    erase_user,
)
from chat.room_log.moderation_acts import Act
from chat.rooms.report_store import Report, ReportedMessage, ReportStore
from chat.settings import Settings
from chat.table_storage.client import TableClient
from chat.table_storage.entities import ETAG
from local_azure import webpubsub
from tests.chat.administration.conversations import Conversation, contents, new_room_logs, read_rows
from tests.chat.administration.stopping_storage import serve_stopping_storage
from tests.chat.room_log.requests import act, create

MESSAGE = Message("m", seq=1, version=1, sender="bo", text="hello", sent_at=10, count=1, client_id="c")


def erased(message: Message, user: str = "ana") -> Message:
    return erase_user(message, user, seq=9, at=99)


def test_a_message_that_has_nothing_of_the_user_stays_the_same() -> None:
    other = replace(MESSAGE, reply_to=Quote("q", "cy", "ana: said"), reactions={"👍": ("cy",)}, text="ana, hello")

    assert erased(other) is other


def test_a_users_own_message_loses_everything_but_its_place() -> None:
    own = replace(MESSAGE, sender="ana", reply_to=Quote("q", "bo", "text"), reactions={"👍": ("bo",)}, edited_at=20)

    expected = Message("m", 1, 9, "erased", "", 10, 1, edited_at=20, deleted_at=99)
    assert erased(own) == expected
    assert erased(expected) is expected


def test_a_message_that_was_deleted_before_loses_its_sender() -> None:
    deleted = replace(MESSAGE, sender="ana", text="", deleted_at=50)

    assert (erased(deleted).sender, erased(deleted).deleted_at) == ("erased", 50)


def test_reactions_of_others_stay_in_their_order() -> None:
    message = replace(MESSAGE, reactions={"👍": ("cy", "ana", "dee"), "🎉": ("ana",)})

    assert erased(message) == replace(message, reactions={"👍": ("cy", "dee")}, version=9)


def test_a_mention_of_the_user_ends_and_an_own_message_mentions_nobody_any_more() -> None:
    message = replace(MESSAGE, mentions=("ana", "cy"))

    assert erased(message) == replace(message, mentions=("cy",), version=9)
    assert erased(replace(message, sender="ana")).mentions == ()


def test_a_quote_of_the_user_loses_name_and_text() -> None:
    message = replace(MESSAGE, reply_to=Quote("q", "ana", "secret"))

    assert erased(message) == replace(message, reply_to=Quote("q", "erased", ""), version=9)


def test_a_reminder_of_the_user_is_the_users() -> None:
    reminder = replace(MESSAGE, sender=REMINDER_USER, text="ana: buy tea", client_id=None)
    quoting = replace(MESSAGE, reply_to=Quote("q", REMINDER_USER, "ana: buy tea"))

    assert (erased(reminder).sender, erased(reminder).text, erased(reminder).deleted_at) == (REMINDER_USER, "", 99)
    assert erased(quoting).reply_to == Quote("q", REMINDER_USER, "")
    assert erased(replace(reminder, text="anabel: buy tea")).text == "anabel: buy tea"


def test_an_erasure_may_change_deleted_messages_and_those_of_others() -> None:
    change = EraseUser(id="x", user="root", target="m", erased="ana")

    assert change_message(replace(MESSAGE, sender="ana", text="", deleted_at=5), change, 9, 99).sender == "erased"
    assert change_message(MESSAGE, change, 9, 99) is MESSAGE


def test_a_state_is_read_as_it_was_stored_and_an_unknown_field_is_ignored() -> None:
    state = ErasureState(passes=2, partition=7, after="design", messages=4)

    assert decode_state(state.encode() | {"later": 1}) == state
    assert decode_state({"v": 1}) == ErasureState()


class Process:
    """A process that works on one erasure; another one goes on from the state that it returned."""

    def __init__(self, tables: TableClient, gateway_settings: Settings, now: Callable[[], int] = now_ms) -> None:
        self.tables, self.settings, self.now = tables, gateway_settings, now
        self.rooms = new_room_logs(tables)
        self.state = ErasureState()

    async def job(self) -> ErasureJob:
        gateway = await Gateways().get(self.settings)
        erasure = Erasure(self.rooms, self.tables, gateway, "erase-1", "ana", "root")
        return ErasureJob(erasure, RoomListStore(self.tables), no_reminders, self.now)

    async def run(self) -> ErasureState:
        """Run step after step; `state` is what was stored after the last one."""
        job = await self.job()
        while not self.state.is_done:
            self.state = decode_state((await job.step(self.state)).encode())
        return self.state


async def no_reminders() -> int:
    return 0


async def talk_of_ana_and_bo(rooms_of: TableClient) -> None:
    """Say things in two rooms: ana's messages, her reactions, quotes of her, and what is not hers."""
    for room in ("design", "_secret"):
        talk = Conversation(new_room_logs(rooms_of), room)
        hers = await talk.say("ana", "hers")
        his = await talk.say("bo", "his")
        await talk.say("bo", "an answer", answers=hers.message.id)
        await talk.react("ana", his.message.id)
        await talk.react("bo", hers.message.id)
        # More than one transaction carries.
        await talk.say_many("ana", 34 if room == "design" else 2)


async def test_what_is_said_during_the_job_is_erased_too(storage: TableClient) -> None:
    async with webpubsub.serve() as service:
        process = Process(storage, Settings({"WebPubSubConnectionString": service.connection_string}))
        talk = Conversation(process.rooms, "design")
        await talk.say("ana", "before")
        job, state, said = await process.job(), ErasureState(), 0
        while not state.is_done:
            state = await job.step(state)
            if state.passes <= 3 and state.partition == 15 and said < state.passes:
                # The room was looked at in this pass already; a room that is new is said in too.
                said += 1
                await talk.say("ana", "meanwhile")
                await Conversation(process.rooms, f"new-{said}").say("ana", "elsewhere")

        assert (state.passes, state.messages) == (5, 7)
        for room in ("design", "new-1", "new-2", "new-3"):
            assert all(row["user"] != "ana" for row in await read_rows(storage, room, "e-"))


async def test_what_an_erased_user_mentioned_is_unread_for_nobody_any_more(storage: TableClient) -> None:
    async with webpubsub.serve() as service:
        process = Process(storage, Settings({"WebPubSubConnectionString": service.connection_string}))
        for user, mentioned in (("ana", "bo"), ("bo", "ana")):
            request = NewMessage(derived_id(user, "m"), user, f"@{mentioned}", mentions=(mentioned,))
            await process.rooms.append("design", request)
        places = PlaceStore(storage)
        await places.save(Place("bo", "design").listed(1, Position()).mentioned(1))

        await process.run()

        assert (await places.read("bo", "design")).mentions == ()
        assert [message.mentions for message in (await process.rooms.read_page("design")).messages] == [(), ()]


async def test_a_message_is_erased_as_often_as_the_user_reacts_to_it(storage: TableClient) -> None:
    async with webpubsub.serve() as service:
        process = Process(storage, Settings({"WebPubSubConnectionString": service.connection_string}))
        talk = Conversation(process.rooms, "design")
        his = (await talk.say("bo", "his")).message
        job, state, reacted = await process.job(), ErasureState(), 0
        while not state.is_done:
            if state.passes == reacted + 1 and state.partition == 0 and reacted < 2:
                reacted += 1
                await talk.react("ana", his.id)
            state = await job.step(state)

        assert (state.mentions, state.changes) == (2, 2)
        assert (await process.rooms.read_page("design")).messages[0].reactions == {}


async def test_rooms_that_are_unchanged_since_the_last_pass_are_not_read_again(storage: TableClient) -> None:
    later = now_ms() + 3_600_000
    async with webpubsub.serve() as service:
        process = Process(storage, Settings({"WebPubSubConnectionString": service.connection_string}), lambda: later)
        await Conversation(process.rooms, "quiet").say_many("bo", 20)
        await Conversation(process.rooms, "design").say("ana", "hers")

        state = await process.run()

    # The job's clock says that all was said an hour before it began: only the first pass reads it, with its own entry.
    assert (state.passes, state.entries, state.messages) == (2, 20 + 1 + 1, 1)


async def test_wherever_the_erasure_is_cut_off_another_process_completes_it() -> None:
    outcomes = []
    async with webpubsub.serve() as service:
        settings = Settings({"WebPubSubConnectionString": service.connection_string})
        for writes in range(10):
            async with serve_stopping_storage() as storage:
                first, second = storage.new_client(), storage.new_client()
                await talk_of_ana_and_bo(second)
                process = Process(first, settings)
                is_done = await storage.run_until_stopped(process.run(), writes)
                await first.close()
                other = Process(second, settings)
                other.state = process.state
                await other.run()
                rows = [await read_rows(second, room) for room in ("design", "_secret")]
                outcomes.append((is_done, [contents(each) for each in rows]))
                await second.close()

    assert not outcomes[0][0]
    is_done, uninterrupted = outcomes[-1]
    assert is_done
    for _, rows in outcomes:
        assert all(row.get("user") != "ana" for row in rows[0] + rows[1])
        # The heads are the same: each message was changed once, and nothing else was appended.
        assert [heads(room) for room in rows] == [heads(room) for room in uninterrupted]
        assert [len(room) for room in rows] == [len(room) for room in uninterrupted]


def heads(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["RowKey"] == "head"]


async def test_a_message_of_an_erased_user_that_is_sent_again_stays_erased(storage: TableClient) -> None:
    async with webpubsub.serve() as service:
        process = Process(storage, Settings({"WebPubSubConnectionString": service.connection_string}))
        request = NewMessage(derived_id("ana", "client", "m-1"), "ana", "hers", "m-1")
        await process.rooms.append("design", request)
        await process.run()

        again = await new_room_logs(storage).append("design", request)

    assert (again.is_new, again.message.sender, again.message.text) == (False, "erased", "")


async def test_acts_reasons_and_reports_lose_the_user_too(storage: TableClient) -> None:
    async with webpubsub.serve() as service:
        process = Process(storage, Settings({"WebPubSubConnectionString": service.connection_string}))
        talk = Conversation(process.rooms, "design")
        await process.rooms.moderate("design", create("mo"))
        hers, his = await talk.say("ana", "hers"), await talk.say("bo", "his")
        await process.rooms.moderate("design", act("a1", Act.MUTE, "ana", user="mo", reason="rude"))
        await process.rooms.moderate("design", act("a2", Act.KICK, "bo", user="mo", reason="late"))
        for number, said in enumerate((hers, his)):
            deletion = DeleteMessage(id=f"c{number}", user="mo", target=said.message.id, reason=f"reason {number}")
            await process.rooms.append("design", deletion)
        reports = ReportStore(storage)
        for user, seq, said in (("ana", 3, his), ("bo", 2, hers), ("ana", 2, hers)):
            await reports.add(ReportedMessage("design", said.message.id, seq), Report(user, 5, f"by {user}"))

        await process.run()

        rows = await read_rows(storage, "design")
        frame = await audit_frame(process.rooms, "design", None, 50, lambda _: None)
        queue = await reports.read_queue("design")
    assert "ana" not in str([{name: row[name] for name in row if name not in ("id", ETAG)} for row in rows])
    told = [(each["act"], each["by"], each.get("user"), each.get("reason")) for each in frame["acts"]]
    assert told[-5:] == [
        ("delete", "mo", "bo", "reason 1"),
        ("delete", "mo", "erased", None),
        ("kick", "mo", "bo", "late"),
        ("mute", "mo", "erased", None),
        ("create", "mo", None, None),
    ]
    assert [(each.message, [report.user for report in each.reports]) for each in queue] == [(hers.message.id, ["bo"])]

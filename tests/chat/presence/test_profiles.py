"""What users are called where that is not their id, in the rows and in every frame that names them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from chat.names import user_key
from chat.presence.places import TABLE
from chat.presence.profiles import MAX_KEPT, ROW, NameCache, Profiles, decode_name, encode_profile, users_of
from chat.settings import Settings
from chat.table_storage.client import TableClients
from local_azure import tables
from tests.chat.functions.test_signed_in import id_of, principal, sign_in
from tests.chat.local_chat import LocalChat, Tab, run_chat

# What each version of the app wrote for this profile. A new version adds its own; none is ever removed.
WRITTEN: dict[str, dict[str, Any]] = {
    "1": {"PartitionKey": user_key("aad:4711"), "RowKey": ".profile", "v": 1, "user": "aad:4711", "name": "Ana"}
}


@pytest.fixture
async def profiles() -> AsyncIterator[Profiles]:
    async with tables.serve() as storage:
        settings = Settings({"AzureWebJobsStorage": storage.connection_string})
        yield Profiles(await TableClients().get(settings), NameCache(), has_names=True)


@pytest.mark.parametrize("version", WRITTEN)
def test_a_row_of_every_version_is_read(version: str) -> None:
    assert decode_name(WRITTEN[version]) == "Ana"
    assert decode_name(WRITTEN[version] | {"v": 2, "picture": "a.png"}) == "Ana"
    assert encode_profile("aad:4711", "Ana") == list(WRITTEN.values())[-1]


@pytest.mark.parametrize("row", [None, {}, {"name": 7}, {"name": None}])
def test_a_row_without_a_name_is_no_name(row: Any) -> None:
    assert decode_name(row) == ""


async def test_a_name_that_was_stored_is_read_by_another_process(profiles: Profiles) -> None:
    await profiles.store("aad:4711", "Ana")

    other = Profiles(profiles.tables, NameCache(), has_names=True)

    assert await other.read_names(["aad:4711", "aad:4712"]) == {"aad:4711": "Ana"}


async def test_a_changed_name_replaces_the_former_one_and_the_same_one_is_not_written_again(profiles: Profiles) -> None:
    await profiles.store("aad:4711", "Ana")
    before = await profiles.tables.get(TABLE, user_key("aad:4711"), ROW)
    await Profiles(profiles.tables, NameCache(), has_names=True).store("aad:4711", "Ana")
    assert await profiles.tables.get(TABLE, user_key("aad:4711"), ROW) == before

    await profiles.store("aad:4711", "Ana García")

    assert await profiles.read_names(["aad:4711"]) == {"aad:4711": "Ana García"}


async def test_while_storage_fails_the_ids_are_shown() -> None:
    settings = Settings(
        {"AzureWebJobsStorage": "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://127.0.0.1:9"}
    )
    profiles = Profiles(await TableClients().get(settings), NameCache(), has_names=True)

    await profiles.store("aad:4711", "Ana")

    assert await profiles.add_names({"type": "typing", "user": "aad:4711"}) == {"type": "typing", "user": "aad:4711"}


def test_the_cache_is_bounded_and_forgets_after_some_minutes() -> None:
    cache = NameCache()
    for number in range(MAX_KEPT + 1):
        cache.put(f"user {number}", "name", now=0.0)

    assert len(cache.kept) == MAX_KEPT
    assert cache.get("user 0", now=1.0) is None
    assert cache.get(f"user {MAX_KEPT}", now=299.0) == "name"
    assert cache.get(f"user {MAX_KEPT}", now=301.0) is None


def test_all_users_that_a_frame_names_by_id_are_found() -> None:
    line = {"from": "Bo", "user": "b", "reactions": {"👍": ["c", "d"]}}
    change = {"type": "reaction", "by": "e", "user": "f", "reactions": {"👍": ["g"]}}

    assert users_of(line) == {"c", "d"}
    assert users_of(change) == {"e", "f", "g"}
    assert users_of({"type": "joined", "user": "a", "users": ["a", "h"], "messages": [line]}) == {*"ahcd"}
    assert users_of({"type": "since", "entries": [line, change]}) == {*"cdefg"}


async def join_design(chat: LocalChat, user: str) -> Tab:
    tab = await sign_in(chat, user)
    await tab.ask("join", {"room": "design"})
    return tab


async def test_every_frame_that_names_users_by_their_ids_has_their_names() -> None:
    async with run_chat(ChatAuth="easyauth") as chat:
        ana, bo = id_of("Ana García"), id_of("Bo")
        his = await join_design(chat, "Bo")
        hers = await join_design(chat, "Ana García")
        news = await his.next(event="joined", room="design", user=ana)
        assert (news["message"], news["names"]) == ("Ana García joined", {ana: "Ana García"})
        both = {ana: "Ana García", bo: "Bo"}
        assert (await hers.next(type="joined"))["names"] == both

        await hers.ask("message", {"room": "design", "message": "hello"})
        line = await his.next(message="hello")
        assert (line["from"], line["user"], "names" in line) == ("Ana García", ana, False)
        await his.ask("react", {"room": "design", "id": line["id"], "emoji": "👍"})
        reaction = await hers.next(type="reaction")
        assert (reaction["reactions"], reaction["names"]) == ({"👍": [bo]}, {bo: "Bo"})
        await hers.ask("message", {"room": "design", "message": "again", "replyTo": line["id"]})
        assert (await his.next(message="again"))["replyTo"]["user"] == ana

        await his.ask("typing", {"room": "design"})
        assert (await hers.next(type="typing"))["names"] == {bo: "Bo"}
        for event, more in (("history", {}), ("since", {"seq": 0})):
            await hers.ask(event, {"room": "design"} | more)
            assert (await hers.next(type=event))["names"] == {bo: "Bo"}
        await hers.ask("roster", {"room": "design"})
        assert (await hers.next(type="roster"))["names"] == both
        await hers.ask("message", {"room": "design", "message": "/who"})
        assert (await hers.next(event="notice"))["message"] == "2 in design: Ana García, Bo"
        asked = await chat.get("/rooms/design", headers=principal("Bo"))
        assert (asked["users"], asked["names"]) == (sorted(both), both)
        await his.close()
        left = await hers.next(event="left", room="design")
        assert (left["message"], left["names"]) == ("Bo left", {bo: "Bo"})


async def test_two_providers_with_the_same_name_are_two_users() -> None:
    async with run_chat(ChatAuth="easyauth", ChatAdmins="aad:1") as chat:
        tabs = {}
        for provider in ("aad", "github"):
            headers = {
                "x-ms-client-principal-name": "Ana",
                "x-ms-client-principal-id": "1",
                "x-ms-client-principal-idp": provider,
            }
            url = (await chat.get("/negotiate", headers=headers))["url"]
            tabs[provider] = await chat.dial(url, subprotocol="json.webpubsub.azure.v1")
        await tabs["aad"].ask("message", {"message": "mine", "clientId": "m-1"})
        line = await tabs["github"].next(message="mine")
        assert (line["from"], line["user"]) == ("Ana", "aad:1")

        await tabs["github"].ask("delete", {"room": "lobby", "id": line["id"]})
        await tabs["github"].ask("message", {"message": "another one's", "clientId": "m-1"})

        assert (await tabs["github"].next(event="error"))["code"] == "not_yours"
        assert (await tabs["aad"].next(message="another one's"))["user"] == "github:1"
        await tabs["github"].ask("join", {"room": "design"})
        assert (await tabs["github"].next(type="joined"))["admin"] is False

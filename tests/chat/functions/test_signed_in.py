"""Under `easyauth`, with the principal that App Service Authentication puts into the headers."""

from chat.identity import principal_id
from tests.chat.local_chat import JSON, LocalChat, Tab, run_chat


def id_of(user: str) -> str:
    """Return the id of the user whom `principal` signs in."""
    return principal_id("aad", f"id-of-{user}")


def principal(user: str) -> dict[str, str]:
    """Return the headers of a signed-in user who is called so."""
    return {
        "x-ms-client-principal-name": user,
        "x-ms-client-principal-id": f"id-of-{user}",
        "x-ms-client-principal-idp": "aad",
    }


async def sign_in(chat: LocalChat, user: str) -> Tab:
    url = (await chat.get("/negotiate", headers=principal(user)))["url"]
    return await chat.dial(url, subprotocol=JSON)


async def test_the_signed_in_user_is_the_sender_and_admins_may_change_messages_of_others() -> None:
    async with run_chat(ChatAuth="easyauth", ChatAdmins="aad:id-of-root, other") as chat:
        ana, root = await sign_in(chat, "ana"), await sign_in(chat, "root")
        await ana.ask("join", {"room": "lobby"})
        await root.ask("join", {"room": "lobby"})
        assert (await ana.next(type="joined"))["admin"] is False
        assert (await root.next(type="joined"))["admin"] is True

        await ana.ask("message", {"message": "rude words"})
        line = await root.next(sender="ana")
        await root.ask("edit", {"room": "lobby", "id": line["id"], "message": "kind words"})
        await root.ask("delete", {"room": "lobby", "id": line["id"]})

        assert (await ana.next(type="edited"))["by"] == "aad:id-of-root"
        assert (await ana.next(type="deleted"))["by"] == "aad:id-of-root"


async def test_in_open_mode_nobody_is_an_admin() -> None:
    async with run_chat(ChatAdmins="root, aad:id-of-root") as chat:
        ana, root = await chat.open("ana"), await chat.open("root")
        await ana.ask("message", {"message": "mine"})
        line = await root.next(sender="ana")

        await root.ask("delete", {"room": "lobby", "id": line["id"]})

        assert (await root.next(event="error"))["code"] == "not_yours"


async def test_rooms_and_rosters_are_for_signed_in_users_only() -> None:
    async with run_chat(ChatAuth="easyauth") as chat:
        for path in ("/rooms", "/rooms/lobby", "/negotiate", "/negotiate?id=ana"):
            answer = await chat.get(path, status=401)
            assert answer["error"]["code"] == "sign_in_required"
        assert (await chat.get("/rooms/lobby", headers=principal("ana")))["users"] == []
        assert (await chat.get("/session"))["auth"] == "easyauth"


async def test_an_invalid_room_name_is_refused() -> None:
    async with run_chat() as chat:
        answer = await chat.get("/rooms/a.b", status=400)

        assert answer["error"]["code"] == "invalid_name"

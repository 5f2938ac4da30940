"""The page over a chat whose parts know each other by managed identities: its socket is encrypted."""

import re

from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Chat, free_port
from tests.e2e.people import Person


def test_a_person_talks_over_a_socket_that_is_encrypted(own_chat: Chat, browser: Browser) -> None:
    """`dev.py run --identity`, in a browser that was told to trust any certificate."""
    own_chat.command += ["--identity", "--authority-port", str(free_port())]
    own_chat.start()
    with browser.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        sockets: list[str] = []
        page.on("websocket", lambda socket: sockets.append(socket.url.partition("?")[0]))
        ana = Person(page, own_chat, "ana").enter("garden")

        ana.say("nobody holds a key")

        expect(ana.expect_line("nobody holds a key")).not_to_have_class(re.compile("pending|sent"))
    assert set(sockets) == {f"wss://127.0.0.1:{own_chat.webpubsub_port}/client/hubs/Sample_ChatApp"}
    assert own_chat.stop() == 0
    assert "AccessKey" not in own_chat.output()

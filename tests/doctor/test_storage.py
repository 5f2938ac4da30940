"""Writing to storage leaves nothing but an empty table, and what Durable Functions answer is judged."""

import asyncio
import json

import pytest

from chat.settings import Settings
from chat.table_storage.client import TableClient
from chat.table_storage.connection import read_storage_connection
from doctor.findings import Verdict
from doctor.http import Response
from doctor.storage import TABLE, check_tables, judge_durable
from tests.chat.local_chat import LocalChat

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_row_that_was_written_is_deleted_again(chat: LocalChat) -> None:
    settings = Settings(chat.settings)

    finding = await asyncio.to_thread(check_tables, settings, 10.0)

    client = TableClient(read_storage_connection(settings), settings.table_prefix)
    assert finding.verdict is Verdict.OK
    assert (await client.query(TABLE, "")).entities == []
    await client.close()


@pytest.mark.parametrize(
    ("status", "content", "verdict"),
    [
        (200, [], "ok"),
        (200, {"error": "no list"}, "wrong"),
        (401, "", "cannot tell"),
        (404, "", "wrong"),
        (500, "", "wrong"),
    ],
)
async def test_what_the_durable_extension_answers_is_judged(status: int, content: object, verdict: str) -> None:
    assert judge_durable(Response(status, (), json.dumps(content).encode(), 1.0)).verdict == verdict

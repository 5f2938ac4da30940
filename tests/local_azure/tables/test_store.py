"""The database: what is answered is kept, failures are undone alone, nothing waits for a long query."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from local_azure.tables.edm import EdmType, Property
from local_azure.tables.entities import EntityKey, encode_property
from local_azure.tables.errors import ErrorCode, OperationFailed, TableError
from local_azure.tables.queries import encode_token, parse_query
from local_azure.tables.store import Database, StoreError, TableStore
from local_azure.tables.store import table_store as table_store_module
from local_azure.tables.writes import Action, Match, Write

ROOT = Path(__file__).resolve().parents[3]
TABLE = "Rooms"


@asynccontextmanager
async def store_of(path: Path | None = None) -> AsyncIterator[TableStore]:
    """Run a store whose table `Rooms` is there; the clock stands still."""
    store = TableStore(Database(path), lambda: 1_000.0)
    await store.open()
    try:
        if not (await store.list_tables(None, "", 1))[0]:
            await store.create_table(TABLE)
        yield store
    finally:
        await store.close()


def insert(row: str, partition: str = "p", **numbers: int) -> Write:
    properties = {name: encode_property(name, Property(EdmType.INT32, number)) for name, number in numbers.items()}
    return Write(Action.INSERT, EntityKey(partition, row), properties)


async def fill(store: TableStore, count: int) -> None:
    for start in range(0, count, 100):
        await store.write_all(TABLE, [insert(f"{n:06}", n=n) for n in range(start, start + 100)])


async def rows_of(store: TableStore, **options: str) -> list[str]:
    page = await store.query(TABLE, parse_query({f"${name}": value for name, value in options.items()}))
    return [entity.key.row for entity in page.entities]


async def test_t080_no_two_writes_have_the_same_time_when_the_clock_stands_still() -> None:
    async with store_of() as store:
        written = [(await store.write(TABLE, insert(str(n)))).entities[0] for n in range(20)]

        ticks = [entity.ticks for entity in written if entity is not None]
        assert ticks == sorted(set(ticks))
        assert len(ticks) == 20


async def test_what_fails_is_undone_alone_also_when_others_are_committed_with_it() -> None:
    async with store_of() as store:
        results = await asyncio.gather(
            *(store.write_all(TABLE, [insert(f"{n}-a"), insert("same"), insert(f"{n}-b")]) for n in range(10)),
            return_exceptions=True,
        )

        failures = [result for result in results if isinstance(result, OperationFailed)]
        assert len(failures) == 9
        assert {(failure.index, failure.error.code) for failure in failures} == {(1, ErrorCode.ENTITY_ALREADY_EXISTS)}
        assert len(await rows_of(store)) == 3


async def test_the_first_write_that_is_refused_counts_whatever_comes_after_it() -> None:
    async with store_of() as store:
        await store.write(TABLE, insert("taken", n=1))
        merge = Write(Action.MERGE, EntityKey("p", "taken"), {"n": '"n":2'}, Match.ANY)
        many = {f"a{n}": encode_property(f"a{n}", Property(EdmType.STRING, "x" * 30_000)) for n in range(20)}
        too_large = Write(Action.INSERT, EntityKey("p", "large"), many)

        with pytest.raises(OperationFailed) as failure:
            await store.write_all(TABLE, [insert("a"), merge, insert("b"), insert("taken"), too_large])
        assert (failure.value.index, failure.value.error.code) == (3, ErrorCode.ENTITY_ALREADY_EXISTS)

        with pytest.raises(OperationFailed) as failure:
            await store.write_all(TABLE, [insert("a"), merge, insert("b"), too_large, insert("taken")])
        assert (failure.value.index, failure.value.error.code) == (3, ErrorCode.ENTITY_TOO_LARGE)
        assert await rows_of(store, filter="n eq 1") == ["taken"]


async def test_a_table_that_was_deleted_in_the_same_commit_is_not_written_to() -> None:
    async with store_of() as store:
        first, _, second = await asyncio.gather(
            store.write(TABLE, insert("a")),
            store.delete_table(TABLE),
            store.write(TABLE, insert("b")),
            return_exceptions=True,
        )
        assert not isinstance(first, BaseException)
        assert isinstance(second, TableError)

        with pytest.raises(TableError):
            await store.write(TABLE, insert("c"))
        await store.create_table(TABLE)
        await store.write(TABLE, insert("d"))
        assert await rows_of(store) == ["d"]


async def test_a_table_whose_creation_was_undone_is_not_written_to() -> None:
    class Interruption(BaseException):
        """Ends the whole commit."""

    def interrupt(_: sqlite3.Connection) -> None:
        raise Interruption

    async with store_of() as store:
        results = await asyncio.gather(
            store.create_table("Other"),
            store.write("Other", insert("a")),
            store._database.run(interrupt),
            return_exceptions=True,
        )
        assert all(isinstance(result, Interruption) for result in results)

        with pytest.raises(TableError):
            await store.write("Other", insert("b"))


async def test_work_is_done_also_when_its_caller_is_cancelled() -> None:
    async with store_of() as store:
        writing = asyncio.create_task(store.write(TABLE, insert("r")))
        await asyncio.sleep(0)
        writing.cancel()

        assert await rows_of(store) == ["r"]


async def test_an_unexpected_failure_reaches_its_caller_and_nobody_else() -> None:
    database = Database(None)
    await database.open()

    def fail(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO documents VALUES ('lost', 'x')")
        raise ZeroDivisionError

    kept = database.run(lambda db: db.execute("INSERT INTO documents VALUES ('kept', 'x')").rowcount)
    results = await asyncio.gather(kept, database.run(fail), return_exceptions=True)
    names = await database.run(lambda db: db.execute("SELECT name FROM documents").fetchall())
    await database.close()

    assert (results[0], type(results[1]), names) == (1, ZeroDivisionError, [("kept",)])
    with pytest.raises(StoreError, match="closed"):
        await database.run(lambda db: None)


async def test_t088_data_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "tables.sqlite3"
    async with store_of(path) as store:
        await store.write_all(TABLE, [insert("a", n=1), insert("b")])
    async with store_of(path) as store:
        _, entity = await store.read_entity("rooms", EntityKey("p", "a"))

        assert entity.body == '{"n":1}'
        assert await rows_of(store) == ["a", "b"]


async def test_a_second_process_cannot_use_the_same_data(tmp_path: Path) -> None:
    async with store_of(tmp_path / "tables.sqlite3"):
        with pytest.raises(StoreError, match="does another process use the same data"):
            await Database(tmp_path / "tables.sqlite3").open()


async def test_a_file_that_is_no_database_or_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is no database" * 100)
    newer = sqlite3.connect(tmp_path / "newer")
    newer.execute("PRAGMA user_version=99")
    newer.close()

    with pytest.raises(StoreError, match="is not a database"):
        await Database(tmp_path / "text").open()
    with pytest.raises(StoreError, match="written by another version"):
        await Database(tmp_path / "newer").open()
    with pytest.raises(StoreError, match="cannot be opened"):
        await Database(tmp_path / "text" / "below a file").open()


async def test_the_entities_of_a_deleted_table_are_removed_from_the_database(tmp_path: Path) -> None:
    path = tmp_path / "tables.sqlite3"
    async with store_of(path) as store:
        await fill(store, 2500)
        await store.delete_table(TABLE)
        await store.create_table(TABLE)
        await store.write(TABLE, insert("new"))

        assert await rows_of(store) == ["new"]
        await asyncio.gather(*store._purges)

    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM entities").fetchone() == (1,)


async def test_a_removal_that_was_interrupted_goes_on_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "tables.sqlite3"
    async with store_of(path) as store:
        await fill(store, 100)
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM tables")
        database.execute("INSERT INTO deleted_tables VALUES (1)")
    database.close()
    async with store_of(path) as store:
        await asyncio.gather(*store._purges)

    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM entities").fetchone() == (0,)


async def test_t077_pages_end_at_partitions_and_may_be_empty_when_that_is_asked_for() -> None:
    store = TableStore(Database(None), time.time, pages_end_at_partitions=True)
    await store.open()
    await store.create_table(TABLE)
    for partition in "abc":
        await store.write_all(TABLE, [insert(row, partition, n=int(partition == "c")) for row in "xy"])
    pages: list[list[str]] = []
    continuation: dict[str, str] = {}

    while not pages or continuation:
        page = await store.query(TABLE, parse_query({"$filter": "n eq 1", **continuation}))
        pages.append([entity.key.partition for entity in page.entities])
        key = page.next_key
        names = {} if key is None else {"NextPartitionKey": key.partition, "NextRowKey": key.row}
        continuation = {name: encode_token(text) for name, text in names.items()}
    await store.close()

    assert pages == [[], [], ["c", "c"]]


async def test_others_have_their_turn_while_a_long_query_runs() -> None:
    async with store_of() as store:
        await fill(store, 20_000)

        query = asyncio.create_task(store.query(TABLE, parse_query({"$filter": "n eq 19999"})))
        await asyncio.sleep(0)
        await store.read_entity(TABLE, EntityKey("p", "000000"))

        assert not query.done()
        assert [entity.key.row for entity in (await query).entities] == ["019999"]


async def test_t048_a_page_ends_where_something_was_written_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page shows one moment: what was examined before the write and after it does not mix."""
    monkeypatch.setattr(table_store_module, "MAX_EXAMINED_AT_ONCE", 100)
    async with store_of() as store:
        await fill(store, 300)
        everything = parse_query({"$filter": "n ge 0"})

        query = asyncio.create_task(store.query(TABLE, everything))
        await asyncio.sleep(0)
        await store.write_all(TABLE, [insert("000050x", n=1), insert("000250x", n=1)])
        page = await query

        assert [entity.key.row for entity in page.entities] == [f"{n:06}" for n in range(100)]
        assert page.next_key == EntityKey("p", "000100")


async def test_a_query_that_takes_long_gives_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_store_module, "MAX_QUERY_SECONDS", -1.0)
    async with store_of() as store:
        await fill(store, 1500)

        page = await store.query(TABLE, parse_query({"$filter": "n eq 1400"}))

        assert (page.entities, page.next_key) == ([], EntityKey("p", "001000"))


async def test_the_cost_of_a_page_does_not_depend_on_the_size_of_the_table() -> None:
    """Counted in steps of SQLite's machine, in thousands: a full scan of 20,000 rows takes hundreds of them."""
    database = Database(None)
    store = TableStore(database, lambda: 1_000.0)
    await store.open()
    await store.create_table(TABLE)
    await fill(store, 20_000)
    steps: list[int] = []

    def count_step() -> None:
        steps.append(1)

    def count_steps(db: sqlite3.Connection) -> None:
        db.set_progress_handler(count_step, 1000)

    await database.run(count_steps)
    condition = "PartitionKey eq 'p' and RowKey ge '019000'"
    page = await store.query(TABLE, parse_query({"$filter": condition, "$top": "50"}))
    await store.read_entity(TABLE, EntityKey("p", "019999"))
    await store.close()

    assert [entity.key.row for entity in page.entities][:2] == ["019000", "019001"]
    assert len(steps) <= 2


WRITER = """
import asyncio, sys
from pathlib import Path
from tests.local_azure.tables.test_store import TABLE, insert, store_of

async def main():
    async with store_of(Path(sys.argv[1])) as store:
        number = 0
        while True:
            number += 1
            await store.write_all(TABLE, [insert(f"{number:06}-{part}") for part in "abc"])
            print(number, flush=True)

asyncio.run(main())
"""


def test_t088_a_kill_leaves_what_was_answered_and_no_half_transaction(tmp_path: Path) -> None:
    path = tmp_path / "tables.sqlite3"
    process = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout
    answered = [int(process.stdout.readline()) for _ in range(50)]
    process.kill()
    answered += [int(line) for line in process.stdout.read().split("\n")[:-1]]
    process.stdout.close()
    process.wait()

    async def read_rows() -> list[str]:
        async with store_of(path) as store:
            return await rows_of(store)

    rows = asyncio.run(read_rows())
    transactions = {row.partition("-")[0] for row in rows}
    assert len(rows) == 3 * len(transactions)
    assert transactions >= {f"{number:06}" for number in answered}


async def test_a_table_error_is_raised_for_what_is_absent() -> None:
    async with store_of() as store:
        with pytest.raises(TableError, match="TableNotFound"):
            await store.query("absent", parse_query({}))
        with pytest.raises(TableError, match="ResourceNotFound"):
            await store.read_entity(TABLE, EntityKey("p", "r"))


async def test_simultaneous_writes_share_commits() -> None:
    """Group commit: fewer commits than writes."""
    database = Database(None)
    store = TableStore(database, time.time)
    await store.open()
    await store.create_table(TABLE)
    commits: list[str] = []

    def trace(db: sqlite3.Connection) -> None:
        db.set_trace_callback(lambda statement: commits.append(statement) if statement == "COMMIT" else None)

    await asyncio.gather(database.run(trace), *(store.write(TABLE, insert(str(n))) for n in range(50)))
    await store.close()

    assert len(commits) < 10

"""What a row of the list of rooms says, and how news change it."""

import pytest

from chat.room_list.rows import (
    PARTITIONS,
    ListedRoom,
    RoomNews,
    apply_news,
    decode_row,
    encode_row,
    list_key,
    partition_of,
)

ROW = ListedRoom("design", people=2, people_at=2000, message_at=1500, messages=7)


def test_a_room_keeps_its_partition_in_all_versions() -> None:
    """Rows are stored under it."""
    known = {"lobby": "07", "design": "00", "a": "03", "_secret": "06"}

    assert {room: partition_of(room) for room in known} == known


def test_rooms_are_spread_over_all_partitions() -> None:
    counts = [0] * len(PARTITIONS)
    for number in range(1600):
        counts[int(partition_of(f"room-{number}"))] += 1

    assert min(counts) > 60
    assert max(counts) < 140


def test_a_row_is_read_as_it_was_written() -> None:
    assert decode_row(encode_row(ROW)) == ROW
    assert decode_row(encode_row(ListedRoom("design"))) == ListedRoom("design")


def test_a_row_of_another_version_is_read_as_far_as_it_is_known() -> None:
    assert decode_row({"RowKey": "design", "v": 9, "people": 3, "topic": "tea"}) == ListedRoom("design", people=3)


def test_a_count_that_is_older_than_the_rows_changes_nothing() -> None:
    assert apply_news(ROW, RoomNews(people=0, people_at=1999)) == ROW
    assert apply_news(ROW, RoomNews(people=0, people_at=2001)).people == 0


def test_a_message_that_is_older_than_the_rows_changes_nothing() -> None:
    assert apply_news(ROW, RoomNews(message_at=1400, messages=6)) == ROW
    assert apply_news(ROW, RoomNews(message_at=1600, messages=8)) == ListedRoom("design", 2, 2000, 1600, 8)


@pytest.mark.parametrize("order", [0, 1])
def test_news_are_the_same_in_either_order(order: int) -> None:
    news = [RoomNews(people=5, people_at=3000), RoomNews(people=4, people_at=3001, message_at=1700, messages=9)]

    merged = news[order].merge(news[1 - order])

    assert merged == RoomNews(people=4, people_at=3001, message_at=1700, messages=9)


def test_a_room_without_people_and_messages_needs_no_row() -> None:
    assert not ListedRoom("design", people_at=2000).is_needed
    assert ListedRoom("design", people=1).is_needed
    assert ListedRoom("design", message_at=1).is_needed


def test_rooms_are_listed_by_people_then_by_the_latest_message() -> None:
    rows = [ListedRoom("c", 0, 0, 30), ListedRoom("b", 0, 0, 40), ListedRoom("a", 1), ListedRoom("d", 2, 0, 10)]

    assert [row.room for row in sorted(rows, key=list_key)] == ["d", "a", "b", "c"]

from bench.appends import rows_of


def test_rows_count_what_is_missing_and_what_is_there_twice() -> None:
    rows = {
        row.what.partition(": ")[2]: row.ours for row in rows_of([5.0, 1.0, None, 3.0], [1, 2, 4, 5], list("abcb"), 8)
    }

    assert rows == {
        "appends": 3,
        "failed appends": 1,
        "entries": 4,
        "gaps": 1,
        "doubles": 1,
        "append, p50": 3.0,
        "append, p99": 5.0,
        "append, slowest": 5.0,
    }

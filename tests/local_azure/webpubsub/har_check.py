"""Whether a document is an HTTP Archive: the fields that the HAR 1.2 specification requires, with their types."""

from datetime import datetime
from typing import Any

NUMBER = (int, float)
PAIR = {"name": str, "value": str}
REQUEST = {
    "method": str,
    "url": str,
    "httpVersion": str,
    "cookies": [PAIR],
    "headers": [PAIR],
    "queryString": [PAIR],
    "headersSize": int,
    "bodySize": int,
}
RESPONSE = {
    "status": int,
    "statusText": str,
    "httpVersion": str,
    "cookies": [PAIR],
    "headers": [PAIR],
    "content": {"size": int, "mimeType": str},
    "redirectURL": str,
    "headersSize": int,
    "bodySize": int,
}
ENTRY = {
    "startedDateTime": str,
    "time": NUMBER,
    "request": REQUEST,
    "response": RESPONSE,
    "cache": {},
    "timings": {"send": NUMBER, "wait": NUMBER, "receive": NUMBER},
}
ARCHIVE = {"log": {"version": str, "creator": {"name": str, "version": str}, "entries": [ENTRY]}}
OPTIONAL = {"postData": {"mimeType": str, "params": []}}
KNOWN = {
    "request": {*REQUEST, "postData"},
    "content": {"size", "compression", "mimeType", "text", "encoding", "comment"},
    "entry": {*ENTRY, "pageref", "serverIPAddress", "connection", "comment"},
}


def check_archive(document: Any) -> None:
    """Fail unless the document is an archive, and has no field that is neither of the specification nor with `_`."""
    check_shape(document, ARCHIVE, "archive")
    assert document["log"]["version"] == "1.2"
    for entry in document["log"]["entries"]:
        began = datetime.fromisoformat(entry["startedDateTime"])
        assert began.tzinfo is not None
        assert entry["time"] >= 0
        assert entry["time"] == sum(time for time in entry["timings"].values() if time >= 0)
        assert all(pair["name"] for pair in entry["request"]["headers"])
        if "postData" in entry["request"]:
            check_shape(entry["request"]["postData"], OPTIONAL["postData"], "postData")
            assert isinstance(entry["request"]["postData"]["text"], str)
        check_names(entry, KNOWN["entry"])
        check_names(entry["request"], KNOWN["request"])
        check_names(entry["response"]["content"], KNOWN["content"])


def check_names(document: dict[str, object], known: set[str]) -> None:
    """Fail for a field that is neither known nor begins with `_`."""
    assert [name for name in document if name not in known and not name.startswith("_")] == []


def check_shape(value: Any, shape: Any, path: str) -> None:
    """Fail unless a value has the fields and types of a shape; further fields may be there."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), path
        for name, of_field in shape.items():
            assert name in value, f"{path}.{name} is missing"
            check_shape(value[name], of_field, f"{path}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), path
        for number, item in enumerate(value):
            for of_item in shape:
                check_shape(item, of_item, f"{path}[{number}]")
    else:
        assert isinstance(value, shape), f"{path} is {value!r}"
        assert not isinstance(value, bool), path

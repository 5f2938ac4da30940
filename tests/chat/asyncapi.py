"""Validation by `docs/asyncapi.yaml`: is an event, a frame or an envelope one of its messages, and of its form?"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import yaml
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from tests.chat.local_chat import ROOT, Frame

# The loader of libyaml takes a tenth of the time.
FILE: dict[str, Any] = yaml.load(
    (ROOT / "docs" / "asyncapi.yaml").read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
)
MESSAGES: dict[str, dict[str, Any]] = FILE["components"]["messages"]
SCHEMAS: dict[str, dict[str, Any]] = FILE["components"]["schemas"]
ADDRESS = "urn:asyncapi"
# Schemas refer to each other within the file.
_REGISTRY: Registry[Any] = Registry().with_resource(ADDRESS, Resource.from_contents(FILE, DRAFT7))


class UnknownMessage(Exception):
    """The file has no message of this kind."""


@lru_cache
def validator(message: str) -> Draft7Validator:
    """Return the validator of a message's payload; raises UnknownMessage."""
    if message not in MESSAGES:
        raise UnknownMessage(message)
    return Draft7Validator({"$ref": f"{ADDRESS}#/components/messages/{message}/payload"}, registry=_REGISTRY)


def is_valid(message: str, payload: Any) -> bool:
    """Return whether a payload is one of the message; raises UnknownMessage."""
    return validator(message).is_valid(payload)


def check(message: str, payload: Any) -> None:
    """Raise ValidationError for a payload that is not one of the message, UnknownMessage for an unknown message."""
    validator(message).validate(payload)


def frame_message(frame: Frame) -> str:
    """Return the message that a frame of the chat must be one of, known or not."""
    if "type" not in frame:
        return "frame.chatLine"
    return ".".join(filter(None, ["frame", frame["type"], frame.get("event")]))


def envelope_message(frame: Frame) -> str:
    """Return the message that a text of a JSON subprotocol must be one of, known or not."""
    return f"envelope.{frame['event' if frame['type'] == 'system' else 'type']}"


def group(kind: str) -> dict[str, str]:
    """Return the messages of a kind, `event`, `frame` or `envelope`, by their names."""
    return {message["name"]: key for key, message in MESSAGES.items() if key.split(".")[0] == kind}


def references(part: Any) -> Iterator[str]:
    """Yield every reference in a part of the file."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def follow(reference: str) -> Any:
    """Return the part of the file that a reference leads to; raises KeyError."""
    part: Any = FILE
    for name in reference.removeprefix("#/").split("/"):
        part = part[name]
    return part


def payload_schema(message: str) -> dict[str, Any]:
    """Return the schema of a message's payload, where that is a reference the schema that it leads to."""
    schema: dict[str, Any] = MESSAGES[message]["payload"]
    return follow(schema["$ref"]) if "$ref" in schema else schema

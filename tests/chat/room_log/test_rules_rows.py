"""The stored form of rules and acts: nothing is lost, a later version's fields are ignored, and all of it fits."""

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.room_log.moderation_acts import Act, Moderation, TooManyRules
from chat.room_log.rules import DEFAULT_RULES, Role, RoomKind, Rules
from chat.room_log.rules_rows import MAX_CHARACTERS, decode_act, decode_rules, encode_act, encode_rules
from tests.chat.room_log.requests import moderations

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
tuples = st.lists(names, max_size=3, unique=True).map(tuple)
times = st.dictionaries(names, st.integers(0, 10**13), max_size=3)
rules = st.builds(
    Rules,
    kind=st.sampled_from(RoomKind),
    title=names,
    owner=names,
    moderators=tuples,
    members=tuples,
    invited=st.dictionaries(names, names, max_size=3),
    links=times,
    banned=times,
    muted=times,
    mute_acts=times,
    removed=times,
    closed=st.booleans(),
    slow=st.integers(0, 21_600),
    pinned=tuples,
)


@given(rules)
def test_rules_are_read_as_they_were_written(written: Rules) -> None:
    assert decode_rules(encode_rules(written)) == written


@given(moderations)
def test_an_act_is_read_as_it_was_written(written: Moderation) -> None:
    assert decode_act(encode_act(written)) == written


def test_what_is_not_set_is_not_stored() -> None:
    assert encode_rules(DEFAULT_RULES) == "{}"
    assert decode_rules("{}") == DEFAULT_RULES
    assert encode_act(Moderation(act=Act.CLOSE)) == '{"act":"close"}'


def test_the_order_of_removals_is_kept_because_the_oldest_are_forgotten_first() -> None:
    stored = encode_rules(Rules(removed={"zoe": 1, "ana": 2, "bo": 3}))

    assert list(decode_rules(stored).removed) == ["zoe", "ana", "bo"]


def test_a_later_versions_fields_acts_and_roles_are_ignored() -> None:
    assert decode_rules('{"closed":true,"weather":{"bo":1}}') == Rules(closed=True)
    later = {"act": "freeze", "whom": "bo", "role": "bishop", "kind": "castle", "weather": 1}
    assert decode_act(json.dumps(later)) == Moderation(act=Act.UNKNOWN, whom="bo")
    assert decode_act(None) == Moderation(act=Act.UNKNOWN)


def test_the_first_stored_forms_are_read() -> None:
    assert decode_rules(
        '{"kind":"private","title":"Tea","owner":"ana","moderators":["mo"],"members":["ana","mo"],'
        '"invited":{"cy":"ana"},"links":{"d1":5},"banned":{"bo":0},"muted":{"dee":9},"removed":{"bo":7},'
        '"closed":true,"slow":30,"pinned":["m1"]}'
    ) == Rules(
        kind=RoomKind.PRIVATE,
        title="Tea",
        owner="ana",
        moderators=("mo",),
        members=("ana", "mo"),
        invited={"cy": "ana"},
        links={"d1": 5},
        banned={"bo": 0},
        muted={"dee": 9},
        removed={"bo": 7},
        closed=True,
        slow=30,
        pinned=("m1",),
    )
    assert decode_act('{"act":"ban","whom":"bo","until":5,"reason":"spam"}') == Moderation(
        act=Act.BAN, whom="bo", until=5, reason="spam"
    )
    assert decode_act('{"act":"role","whom":"bo","role":"moderator"}').role is Role.MODERATOR


@pytest.mark.parametrize("letter", ["x", "é", "語", "😀"])
def test_rules_that_do_not_fit_into_a_property_are_refused_whatever_the_letters_are(letter: str) -> None:
    """A text property has at most 64 KiB of UTF-16, in which an emoji takes four bytes."""
    most = MAX_CHARACTERS * 2 // len(letter.encode("utf-16-le")) - len('{"title":""}')

    assert len(encode_rules(Rules(title=letter * (most - 12))).encode("utf-16-le")) <= 64 * 1024
    with pytest.raises(TooManyRules):
        encode_rules(Rules(title=letter * (most + 12)))


def test_every_field_of_the_rules_and_of_an_act_is_stored_and_read() -> None:
    """A field that is added later is not forgotten in the reader."""
    full = Rules(
        RoomKind.PRIVATE, "t", "o", ("m",), ("n",), {"i": "b"}, {"l": 1}, {"b": 1}, {"u": 1}, {"u": 2}, {"r": 1},
        True, 5, ("p",),
    )  # fmt: skip
    act = Moderation(
        act=Act.BAN, whom="w", until=1, seconds=2, role=Role.OWNER, message="m", text="t", kind=RoomKind.DIRECT,
        reason="r",
    )  # fmt: skip

    assert all(getattr(full, each.name) != getattr(DEFAULT_RULES, each.name) for each in fields(Rules))
    assert all(getattr(act, each.name) != getattr(Moderation(act=Act.UNKNOWN), each.name) for each in fields(act))
    assert decode_rules(encode_rules(full)) == full
    assert decode_act(encode_act(act)) == act

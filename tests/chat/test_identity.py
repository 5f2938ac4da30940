"""Who is asking, under each value of ChatAuth."""

import pytest

from chat.errors import InvalidName, MissingUser, NotConfigured, SignInRequired
from chat.identity import (
    NAME_ROLE,
    User,
    connecting_user,
    known_user,
    name_roles,
    negotiating_user,
    principal,
    principal_id,
    read_name,
    stored_user,
)
from chat.settings import Settings

OPEN = Settings({"ChatAuth": "open"})
EASYAUTH = Settings({"ChatAuth": "easyauth"})
UNSET = Settings({})
ANA = User("ana", "ana")
HEADERS = {
    "x-ms-client-principal-name": "Ana García",
    "x-ms-client-principal-id": "4711",
    "x-ms-client-principal-idp": "aad",
}
SIGNED_IN = User("aad:4711", "Ana García")


def test_in_open_mode_anyone_names_themselves() -> None:
    assert negotiating_user({}, ["ana"], OPEN) == ANA
    assert connecting_user(None, (), ["ana"], OPEN) == ANA


def test_in_open_mode_a_principal_header_is_ignored() -> None:
    with pytest.raises(MissingUser):
        negotiating_user(HEADERS, [], OPEN)


@pytest.mark.parametrize("asked", [[], [""], ["  "]])
def test_without_an_id_nobody_may_connect(asked: list[str]) -> None:
    with pytest.raises(MissingUser, match="missing user id") as refusal:
        negotiating_user({}, asked, OPEN)
    assert refusal.value.status == 400

    with pytest.raises(MissingUser, match="missing user id") as refusal:
        connecting_user(None, (), asked, OPEN)
    assert refusal.value.status == 401


def test_under_easyauth_the_user_is_the_provider_with_its_id_and_the_name_is_shown() -> None:
    assert negotiating_user(HEADERS, [], EASYAUTH) == SIGNED_IN
    assert negotiating_user(HEADERS, ["aad:4711"], EASYAUTH) == SIGNED_IN


def test_the_same_name_or_the_same_id_of_another_provider_is_another_user() -> None:
    other = HEADERS | {"x-ms-client-principal-idp": "github"}
    namesake = HEADERS | {"x-ms-client-principal-id": "4712"}

    assert {user.id for user in (principal(each, EASYAUTH) for each in (HEADERS, other, namesake)) if user} == {
        "aad:4711",
        "github:4711",
        "aad:4712",
    }


@pytest.mark.parametrize("missing", ["x-ms-client-principal-id", "x-ms-client-principal-idp"])
def test_a_principal_without_an_id_or_a_provider_is_nobody(missing: str) -> None:
    """A name alone does not tell two users apart."""
    assert principal({name: value for name, value in HEADERS.items() if name != missing}, EASYAUTH) is None


@pytest.mark.parametrize("provider", ["", " ", "a b", "aad:x", "é", "x" * 33])
def test_a_provider_that_could_not_be_told_from_an_id_is_refused(provider: str) -> None:
    assert principal(HEADERS | {"x-ms-client-principal-idp": provider}, EASYAUTH) is None


def test_an_id_that_is_long_or_has_other_characters_is_hashed() -> None:
    assert principal_id("aad", "3f2b-7") == "aad:3f2b-7"
    assert principal_id("aad", "x" * 124) == "aad:" + "x" * 124
    for identity in ("x" * 125, "a b", "é", "a\u200bb"):
        hashed = principal_id("aad", identity)
        assert hashed.startswith("aad:sha256-")
        assert known_user(hashed, EASYAUTH) == hashed
    assert principal_id("aad", "a b") != principal_id("aad", "a  b")


@pytest.mark.parametrize("name", ["", "\u3164", "Admin", "\u0455\u0443\u0455t\u0435m", "\u202e", "Reminder."])
def test_where_a_providers_name_cannot_be_shown_the_id_is(name: str) -> None:
    header = name.encode().decode("latin-1")

    assert principal(HEADERS | {"x-ms-client-principal-name": header}, EASYAUTH) == User("aad:4711", "aad:4711")


def test_under_easyauth_nobody_names_themselves() -> None:
    with pytest.raises(SignInRequired):
        negotiating_user({}, ["ana"], EASYAUTH)
    with pytest.raises(SignInRequired):
        negotiating_user(HEADERS, ["bo"], EASYAUTH)


def test_under_easyauth_an_anonymous_connection_is_refused() -> None:
    with pytest.raises(MissingUser) as refusal:
        connecting_user(None, (), ["ana"], EASYAUTH)

    assert refusal.value.status == 401


def test_a_token_keeps_its_user_and_the_users_name() -> None:
    assert connecting_user("ana", (), ["bo"], OPEN) == ANA
    assert connecting_user("aad:4711", name_roles(SIGNED_IN), [], EASYAUTH) == SIGNED_IN
    assert connecting_user("aad:4711", ["webpubsub.sendToGroup"], [], EASYAUTH) == User("aad:4711", "aad:4711")


def test_in_open_mode_a_name_in_a_token_counts_for_nothing() -> None:
    assert connecting_user("ana", name_roles(SIGNED_IN), [], OPEN) == ANA


@pytest.mark.parametrize("user", ["ana", "reminder", "aad:", ":x", "aad:a b", "aad:é", "aad:" + "x" * 125])
def test_under_easyauth_a_token_of_anything_but_a_principal_is_refused(user: str) -> None:
    with pytest.raises(InvalidName, match="<provider>:<id>"):
        connecting_user(user, (), [], EASYAUTH)


@pytest.mark.parametrize("role", [NAME_ROLE, f"{NAME_ROLE}%", f"{NAME_ROLE}/w==", f"{NAME_ROLE}44Wk"])
def test_a_role_that_carries_no_name_is_no_name(role: str) -> None:
    assert read_name([role]) is None


def test_without_the_setting_nobody_may_connect() -> None:
    with pytest.raises(NotConfigured, match="ChatAuth"):
        negotiating_user(HEADERS, ["ana"], UNSET)
    with pytest.raises(NotConfigured, match="ChatAuth"):
        connecting_user("ana", (), [], UNSET)


@pytest.mark.parametrize("platform", [{"WEBSITE_AUTH_ENABLED": "False"}, {"WEBSITE_INSTANCE_ID": "abc"}])
def test_principal_headers_are_refused_where_the_platform_does_not_protect_them(platform: dict[str, str]) -> None:
    with pytest.raises(NotConfigured, match="not enabled"):
        negotiating_user(HEADERS, [], Settings({"ChatAuth": "easyauth"} | platform))


def test_principal_headers_are_accepted_where_the_platform_protects_them() -> None:
    guarded = Settings({"ChatAuth": "easyauth", "WEBSITE_INSTANCE_ID": "abc", "WEBSITE_AUTH_ENABLED": "True"})

    assert negotiating_user(HEADERS, [], guarded) == SIGNED_IN


def test_an_invalid_name_is_refused_with_the_limit() -> None:
    with pytest.raises(InvalidName, match="the limit is 64"):
        connecting_user(None, (), ["x" * 65], OPEN)


@pytest.mark.parametrize("user", ["ana", "aad:4711", " ana\u3164", "system", "x" * 128])
def test_what_was_a_user_under_earlier_rules_can_be_named_for_erasure(user: str) -> None:
    assert stored_user(user) == user


@pytest.mark.parametrize("user", ["", " ", "a\0b", "reminder", "erased", "x" * 129])
def test_what_was_never_a_user_cannot(user: str) -> None:
    with pytest.raises(InvalidName):
        stored_user(user)

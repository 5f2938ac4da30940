"""Who is asking, under each value of ChatAuth."""

import pytest

from chat.errors import InvalidName, MissingUser, NotConfigured, SignInRequired
from chat.identity import connecting_user, negotiating_user
from chat.settings import Settings

OPEN = Settings({"ChatAuth": "open"})
EASYAUTH = Settings({"ChatAuth": "easyauth"})
UNSET = Settings({})
ANA = {"x-ms-client-principal-name": "ana", "x-ms-client-principal-id": "4711"}


def test_in_open_mode_anyone_names_themselves() -> None:
    assert negotiating_user({}, ["ana"], OPEN) == "ana"
    assert connecting_user(None, ["ana"], OPEN) == "ana"


def test_in_open_mode_a_principal_header_is_ignored() -> None:
    with pytest.raises(MissingUser):
        negotiating_user(ANA, [], OPEN)


@pytest.mark.parametrize("asked", [[], [""], ["  "]])
def test_without_an_id_nobody_may_connect(asked: list[str]) -> None:
    with pytest.raises(MissingUser, match="missing user id") as refusal:
        negotiating_user({}, asked, OPEN)
    assert refusal.value.status == 400

    with pytest.raises(MissingUser, match="missing user id") as refusal:
        connecting_user(None, asked, OPEN)
    assert refusal.value.status == 401


def test_under_easyauth_the_principal_is_the_user() -> None:
    assert negotiating_user(ANA, [], EASYAUTH) == "ana"
    assert negotiating_user(ANA, ["ana"], EASYAUTH) == "ana"


def test_the_principals_id_may_be_the_user() -> None:
    assert negotiating_user(ANA, [], Settings({"ChatAuth": "easyauth", "ChatUserClaim": "id"})) == "4711"


def test_under_easyauth_nobody_names_themselves() -> None:
    with pytest.raises(SignInRequired):
        negotiating_user({}, ["ana"], EASYAUTH)
    with pytest.raises(SignInRequired):
        negotiating_user(ANA, ["bo"], EASYAUTH)


def test_under_easyauth_an_anonymous_connection_is_refused() -> None:
    with pytest.raises(MissingUser) as refusal:
        connecting_user(None, ["ana"], EASYAUTH)

    assert refusal.value.status == 401


def test_a_token_keeps_its_user() -> None:
    assert connecting_user("ana", ["bo"], OPEN) == "ana"
    assert connecting_user("ana", [], EASYAUTH) == "ana"


def test_without_the_setting_nobody_may_connect() -> None:
    with pytest.raises(NotConfigured, match="ChatAuth"):
        negotiating_user(ANA, ["ana"], UNSET)
    with pytest.raises(NotConfigured, match="ChatAuth"):
        connecting_user("ana", [], UNSET)


@pytest.mark.parametrize("platform", [{"WEBSITE_AUTH_ENABLED": "False"}, {"WEBSITE_INSTANCE_ID": "abc"}])
def test_principal_headers_are_refused_where_the_platform_does_not_protect_them(platform: dict[str, str]) -> None:
    with pytest.raises(NotConfigured, match="not enabled"):
        negotiating_user(ANA, [], Settings({"ChatAuth": "easyauth"} | platform))


def test_principal_headers_are_accepted_where_the_platform_protects_them() -> None:
    guarded = Settings({"ChatAuth": "easyauth", "WEBSITE_INSTANCE_ID": "abc", "WEBSITE_AUTH_ENABLED": "True"})

    assert negotiating_user(ANA, [], guarded) == "ana"


def test_an_invalid_name_is_refused_with_the_limit() -> None:
    with pytest.raises(InvalidName, match="the limit is 64"):
        connecting_user(None, ["x" * 65], OPEN)

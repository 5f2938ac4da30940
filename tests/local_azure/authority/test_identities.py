"""Which identities there are, by default and as a document describes them."""

from typing import Any

import pytest

from local_azure.authority import STRANGER, WEB_PUBSUB, Identities, InvalidIdentities

APPLICATION = "44444444-aaaa-4000-8000-444444444444"


def test_the_services_own_identity_and_the_stranger_have_no_role() -> None:
    assert [list(identity.roles) for identity in (WEB_PUBSUB, STRANGER)] == [[], []]


IDENTITY = {"name": "a", "clientId": APPLICATION, "objectId": APPLICATION.replace("4", "5"), "roles": []}


def test_identities_are_read_from_a_document() -> None:
    identities = Identities.from_json(
        {
            "tenant": APPLICATION.replace("4", "9").upper(),
            "systemAssigned": None,
            "userAssigned": [IDENTITY | {"roles": ["Web PubSub Service Owner"]}],
        }
    )

    assert identities.tenant == APPLICATION.replace("4", "9")
    assert identities.system_assigned is None
    assert [each.name for each in identities.of_app] == ["a"]
    assert identities.web_pubsub == WEB_PUBSUB


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"userassigned": []}, "unknown key userassigned"),
        ({"tenant": "mine"}, "tenant must be an id like"),
        ({"userAssigned": {}}, "userAssigned must be a list"),
        ({"webPubSub": None}, "webPubSub must be an object"),
        ({"userAssigned": [IDENTITY | {"role": []}]}, r"userAssigned\[0\] has the unknown key role"),
        ({"userAssigned": [IDENTITY | {"roles": ["Owner"]}]}, r"roles must be a list; the roles that count"),
        ({"userAssigned": [IDENTITY | {"roles": "Owner"}]}, "roles must be a list"),
        ({"userAssigned": [IDENTITY | {"name": ""}]}, "name must be a text"),
        ({"userAssigned": [IDENTITY | {"clientId": 5}]}, "clientId must be an id like"),
        ({"userAssigned": [IDENTITY | {"objectId": APPLICATION}]}, "names two identities"),
        ({"userAssigned": [IDENTITY], "others": [IDENTITY]}, "names two identities"),
    ],
)
def test_identities_that_cannot_be_used_are_refused_with_their_path(document: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidIdentities, match=problem):
        Identities.from_json(document)

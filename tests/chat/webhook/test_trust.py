"""Signatures, against the computed vectors (W-130 to W-132)."""

import pytest

from chat.webhook.trust import signature, signature_matches

PRIMARY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
SECONDARY = "second-key-for-tests-0123456789abcdef"
CONNECTION = "0123456789abcdef0123456789abcdef"
BY_PRIMARY = "sha256=9b8d99ad717398afdbe39ac5f264fbe3319393a992e34ed72200a3f6b26307b3"
BY_SECONDARY = "sha256=579391f58ee650428e65b37a6bff45b54ad1761960f30dbfa9e6879a017e394e"


def test_a_signature_is_the_hmac_of_the_connection_id() -> None:
    assert signature(CONNECTION, PRIMARY) == BY_PRIMARY
    assert signature(CONNECTION, SECONDARY) == BY_SECONDARY


@pytest.mark.parametrize(
    "header", [BY_PRIMARY, f"{BY_SECONDARY},{BY_PRIMARY}", f"x, {BY_PRIMARY} ", BY_PRIMARY.upper()]
)
def test_any_signature_in_the_header_may_match(header: str) -> None:
    assert signature_matches(header, CONNECTION, [PRIMARY])


def test_a_backend_with_only_the_secondary_key_accepts() -> None:
    """One of the two signatures in the header is enough (W-131)."""
    assert signature_matches(f"{BY_PRIMARY},{BY_SECONDARY}", CONNECTION, [SECONDARY])


@pytest.mark.parametrize(
    "header", ["", "sha256=", BY_SECONDARY, BY_PRIMARY[:-1] + "4", BY_PRIMARY.removeprefix("sha256="), "é"]
)
def test_a_tampered_signature_does_not_match(header: str) -> None:
    """A signature that is missing or was changed is not believed (W-132)."""
    assert not signature_matches(header, CONNECTION, [PRIMARY])


def test_the_signature_of_another_connection_does_not_match() -> None:
    assert not signature_matches(BY_PRIMARY, CONNECTION[::-1], [PRIMARY])


def test_without_keys_nothing_matches() -> None:
    assert not signature_matches(BY_PRIMARY, CONNECTION, [])

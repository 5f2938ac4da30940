"""Shared Key Lite, with signatures that a storage emulator accepted."""

import base64
from datetime import UTC, datetime

import pytest

from chat.table_storage.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from chat.table_storage.signatures import SharedKeySigner, http_date

SIGNER = SharedKeySigner(DEVELOPMENT_ACCOUNT, base64.b64decode(DEVELOPMENT_KEY))
AT = datetime(2026, 11, 26, 2, 27, 19, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("path", "signature"),
    [
        ("/devstoreaccount1/Tables", "9vhpnvZzeeLKoqEknBWv5K5+s8QXGlZxQrSXNjDDXLA="),
        ("/devstoreaccount1/$batch", "d2jySzY26Ryi7Zh/x+6UBOc+KkNa/a2ImUu0xCNe7ng="),
    ],
)
def test_a_path_is_signed_as_the_service_expects(path: str, signature: str) -> None:
    assert SIGNER.headers(path, AT) == {
        "x-ms-date": "Thu, 26 Nov 2026 02:27:19 GMT",
        "Authorization": f"SharedKeyLite devstoreaccount1:{signature}",
    }


def test_a_day_of_one_digit_is_written_with_two() -> None:
    assert http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT"

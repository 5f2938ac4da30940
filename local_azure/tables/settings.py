"""What the embedded storage is told before it starts."""

import base64
import binascii
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

DEVELOPMENT_ACCOUNT = "devstoreaccount1"
DEVELOPMENT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The key that every storage emulator has: public, and therefore only for this machine."""

DATABASE_FILE = "tables.sqlite3"


class SettingsError(ValueError):
    """A setting that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The account's name and its keys (any of them is good), where the data are kept, and the clock.

    `data` is a folder, or a file that ends with `.sqlite3`; None keeps everything in memory. `now` tells seconds since
    1970. With `pages_end_at_partitions` a page never has entities of two partitions and may be empty, as happens in
    the cloud. Without `allow_shared_key` no key and no signature made with one is accepted. Raises `SettingsError`.
    """

    account: str = DEVELOPMENT_ACCOUNT
    keys: tuple[str, ...] = field(default=(DEVELOPMENT_KEY,), repr=False)
    data: Path | None = None
    now: Callable[[], float] = time.time
    pages_end_at_partitions: bool = False
    allow_shared_key: bool = True

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]{3,24}", self.account):
            raise SettingsError(f"the account is {self.account[:64]!r}; it must be 3 to 24 of a to z and 0 to 9")
        if not self.keys:
            raise SettingsError("the account needs a key")
        for key in self.keys:
            try:
                base64.b64decode(key, validate=True)
            except (binascii.Error, ValueError):
                raise SettingsError("a key of the account is no base64") from None

    @property
    def database(self) -> Path | None:
        """The file of the database, None for memory."""
        if self.data is None or self.data.suffix == ".sqlite3":
            return self.data
        return self.data / DATABASE_FILE

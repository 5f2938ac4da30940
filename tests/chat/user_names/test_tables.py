"""Unicode's tables as the chat reads them: known facts, and, where the files of Unicode are, all of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from chat.user_names.tables import FOLDER, read_confusables, read_emoji, read_properties
from tools import unicode_tables

DATABASE = Path("/usr/share/unicode")  # of the Debian package unicode-data


def test_known_facts_are_in_the_tables() -> None:
    properties, looks = read_properties(), read_confusables()

    assert properties.scripts.get("a") == "Latn"
    assert properties.scripts.get("ж") == "Cyrl"
    assert properties.scripts.get("1") == "Zyyy"
    assert properties.scripts.get("ー") == "Hira+Kana"
    assert properties.scripts.get("\u0378") is None
    assert properties.ignorable.get("\u3164") == "ignorable"
    assert properties.ignorable.get("a") is None
    assert properties.joining.get("ب") == "joins-both"
    assert properties.joining.get("ر") == "joins-previous"
    assert (looks[ord("а")], looks[ord("1")], looks[ord("m")]) == ("a", "l", "rn")
    assert {"❤️", "👩‍💻"} <= read_emoji()


def test_the_tables_are_not_read_before_a_name_is_checked() -> None:
    """An app that starts to answer something else does not wait for them."""
    read = (
        "[each.cache_info().currsize for each in (tables.read_confusables, tables.read_properties, tables.read_emoji)]"
    )
    program = f"import function_app; from chat.user_names import tables; print({read})"

    started = subprocess.run(
        [sys.executable, "-c", program], cwd=FOLDER.parents[2], capture_output=True, text=True, check=True
    )

    assert started.stdout.strip() == "[0, 0, 0]"


def test_every_table_names_its_sources_with_their_versions_and_the_licence_lies_beside_them() -> None:
    tables = sorted(FOLDER.glob("*.txt"))

    assert [table.name for table in tables] == ["LICENSE.txt", "confusables.txt", "emoji.txt", "properties.txt"]
    assert "UNICODE, INC. LICENSE AGREEMENT" in (FOLDER / "LICENSE.txt").read_text(encoding="utf-8")
    for table in tables[1:]:
        lines = table.read_text(encoding="utf-8").splitlines()
        assert lines[0].split()[2][0].isdigit(), table
        assert unicode_tables.COPYRIGHT in lines


def test_the_tables_are_what_the_tool_makes_of_small_files(tmp_path: Path) -> None:
    file = tmp_path / "confusables.txt"
    file.write_text(
        "\ufeff# Version: 9.9.9\n0430 ;\t0061 ;\tMA\t# a\nFF41 ;\t0061 ;\tMA\n006D ;\t0072 006E ;\tMA\n", "utf-8"
    )

    lines = unicode_tables.make_confusables(file).splitlines()

    assert lines == ["# confusables.txt 9.9.9", unicode_tables.COPYRIGHT, "61: 430 FF41", "72 6E: 6D"]


@pytest.mark.parametrize("name", ["properties.txt", "emoji.txt"])
def test_the_tables_agree_with_unicodes_files_where_these_are_of_the_same_version(name: str) -> None:
    table = (FOLDER / name).read_text(encoding="utf-8")
    if not DATABASE.exists():
        assert table.startswith("# ")  # what can be said without the source
        return

    made = unicode_tables.make_properties(DATABASE) if name == "properties.txt" else unicode_tables.make_emoji(DATABASE)

    if made.splitlines()[0] == table.splitlines()[0]:
        assert made == table

"""Every file of `infra/` is Bicep in two parsers, has the right properties, and only names that exist."""

from typing import Any

import pytest
from pycep import BicepParser

from tests.infra.bicep_reader import INFRA, read_infra
from tests.infra.bicep_values import Parameter
from tests.infra.check import check_documents

FILES = sorted(read_infra())
DECLARED = ("parameters", "variables", "resources", "modules", "outputs")


def test_no_file_has_a_finding() -> None:
    assert [str(finding) for finding in check_documents(read_infra())] == []


@pytest.mark.parametrize("name", FILES)
def test_a_second_parser_reads_the_same_declarations(name: str) -> None:
    parsed: Any = BicepParser().parse(file_path=INFRA / name)

    names = [each for part in DECLARED for each in parsed.get(part, {})]
    assert sorted(names) == sorted(each.name for each in read_infra()[name].declarations)


@pytest.mark.parametrize("name", FILES)
def test_every_parameter_is_described(name: str) -> None:
    parameters = read_infra()[name].of_kind(Parameter)

    assert [each.name for each in parameters if each.decorator("description") is None] == []

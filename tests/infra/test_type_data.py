"""The kept types are complete in themselves, and the tool makes them of Microsoft's pages."""

import json
from pathlib import Path

import pytest

from tests.infra.bicep_reader import read_infra
from tests.infra.bicep_values import Resource
from tests.infra.documented_values import DOCUMENTED_VALUES
from tests.infra.type_data import (
    FOLDER,
    ArrayOf,
    Basic,
    Choices,
    Limits,
    PropertyType,
    Reference,
    parse_property,
    read_type_data,
)
from tools.bicep_types import named_types, read_types, renew

FILES = sorted(FOLDER.glob("*.json"))
PAGE = """# Microsoft.Example @ 2025-01-01

## Resource Microsoft.Example/things@2025-01-01
* **Readable Scope(s)**: ResourceGroup
### Properties
* **name**: string {minLength: 3, pattern: "^[a-z:]+$"} (Required, DeployTimeConstant): The name: it is short
* **properties**: [ThingProperties](#thingproperties)

## Resource Microsoft.Example/things/config@2025-01-01
* **Discriminator**: name

### Base Properties
* **kind**: string: The kind

### Microsoft.Example/things/config
#### Properties
* **name**: 'one' (Required): The name
* **properties**: [Map](#map): The values

### Microsoft.Example/things/config
#### Properties
* **name**: 'two' (Required): The name

## Function list (Microsoft.Example/things@2025-01-01)
* **Output**: [Unused](#unused)

## Map
### Properties
### Additional Properties
* **Additional Properties Type**: string

## ThingProperties
### Properties
* **level**: 'High: a' | 'Low' | string (ReadOnly): How much
* **others**: [Other](#other)[]: More of them
* **parts**: ('a' | 'b')[]

## Other
### Properties
* **inner**: [Skipped](#skipped): Not needed

## Skipped
### Properties
* **x**: int

## Unused
### Properties
* **y**: bool
"""


def test_the_tool_takes_the_wanted_resources_and_what_they_reach() -> None:
    wanted = {
        "source": "a page",
        "resources": {"Microsoft.Example/things@2025-01-01": {}, "Microsoft.Example/things/config@2025-01-01": {}},
        "any": ["Skipped"],
    }

    made = renew(wanted, PAGE, "abc")

    assert made == {
        "source": "a page",
        "commit": "abc",
        "resources": {
            "Microsoft.Example/things@2025-01-01": {
                "name": 'string {minLength: 3, pattern: "^[a-z:]+$"} (Required, DeployTimeConstant)',
                "properties": "ThingProperties",
            },
            "Microsoft.Example/things/config@2025-01-01": {
                "discriminator": "name",
                "variants": {
                    "one": {"kind": "string", "name": "'one' (Required)", "properties": "Map"},
                    "two": {"kind": "string", "name": "'two' (Required)"},
                },
            },
        },
        "types": {
            "Map": {"*": "string"},
            "Other": {"inner": "Skipped"},
            "ThingProperties": {
                "level": "'High: a' | 'Low' | string (ReadOnly)",
                "others": "Other[]",
                "parts": "('a' | 'b')[]",
            },
        },
        "any": ["Skipped"],
    }


def test_the_tool_keeps_nothing_that_no_wanted_resource_reaches() -> None:
    _, types = read_types(PAGE)

    made = renew({"source": "", "resources": {"Microsoft.Example/things/config@2025-01-01": {}}, "any": []}, PAGE, "")

    assert set(types) == {"Map", "ThingProperties", "Other", "Skipped", "Unused"}
    assert set(made["types"]) == {"Map"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("string (Required)", PropertyType(Basic("string"), is_required=True)),
        ("bool (ReadOnly, DeployTimeConstant)", PropertyType(Basic("bool"), is_read_only=True)),
        ("int {minValue: 1, maxValue: 9}", PropertyType(Basic("int", Limits(min_value=1, max_value=9)))),
        ("'a' | 'b, c' | string (WriteOnly)", PropertyType(Choices(("a", "b, c")))),
        ("('a' | 'b')[]", PropertyType(ArrayOf(Choices(("a", "b"))))),
        ("Thing[] (Required)", PropertyType(ArrayOf(Reference("file", "Thing")), is_required=True)),
    ],
)
def test_a_property_is_read_as_it_is_written(text: str, expected: PropertyType) -> None:
    assert parse_property(text, "file") == expected


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_type_that_a_file_names_is_kept_or_listed(file: Path) -> None:
    content = json.loads(file.read_text())

    named = set().union(*map(named_types, [*content["resources"].values(), *content["types"].values()]))
    assert set(content) == {"source", "commit", "resources", "types", "any"}
    assert named == set(content["types"]) | set(content["any"])
    assert len(content["commit"]) == 40


def test_every_kept_resource_is_used() -> None:
    used = {resource.type for document in read_infra().values() for resource in document.of_kind(Resource)}

    assert used == set(read_type_data().resources)


def test_every_documented_value_is_of_a_property_that_has_none_in_the_types() -> None:
    known: dict[str, str] = {}
    for file in FILES:
        content = json.loads(file.read_text())
        for name, body in [*content["types"].items(), *content["resources"].items()]:
            for properties in body["variants"].values() if "variants" in body else [body]:
                known |= {f"{name.partition('@')[0]}.{key}": text for key, text in properties.items()}

    documented = [f"{name}.{key}" for name, properties in DOCUMENTED_VALUES.items() for key in properties]
    assert [each for each in documented if "'" in known.get(each, "'")] == []

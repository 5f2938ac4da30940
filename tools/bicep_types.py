"""Make the type data of `tests/infra/types/` from a `types.md` of Microsoft's repositories of Bicep types.

    python -m tools.bicep_types tests/infra/types/NAME.json types.md COMMIT

`NAME.json` says which resources are wanted and which types are not needed (`any`); both stay as they are. For a new
file write `{"source": "…", "resources": {"Microsoft.X/y@2025-01-01": {}}, "any": []}` first.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

Properties = dict[str, str]
_PROPERTY = re.compile(r"\* \*\*(?P<name>[^*]+)\*\*: (?P<type>.+)")
_LINK = re.compile(r"\[(\w+)\]\(#[^)]*\)")
# A type ends at the colon before its description. Colons in braces belong to a limit.
_TYPE = re.compile(r"(?:'[^']*'|\{(?:\"[^\"]*\"|[^}\"])*\}|[^:'{])+")
_NAME_OF_TYPE = re.compile(r"'[^']*'|\{(?:\"[^\"]*\"|[^}\"])*\}|\([A-Z][A-Za-z, ]*\)|([A-Za-z]\w*)")
BASIC = {"string", "int", "bool", "any", "object", "null"}


def read_types(page: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the resources and the other types of a `types.md`.

    Each is its properties by name, or has `discriminator` and `variants`.
    """
    resources: dict[str, Any] = {}
    types: dict[str, Any] = {}
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        title, _, body = section.partition("\n")
        if title.startswith("Function "):
            continue
        if title.startswith("Resource "):
            resources[title.removeprefix("Resource ").removesuffix(" (ReadOnly)")] = _read_body(body)
        else:
            types[title] = _read_body(body)
    return resources, types


def _read_body(body: str) -> dict[str, Any]:
    discriminator = re.search(r"^\* \*\*Discriminator\*\*: ([\w.]+)", body, re.MULTILINE)
    if not discriminator:
        return dict(_read_properties(body))
    base, *variants = re.split(r"^### .*\n#### Properties$", body, flags=re.MULTILINE)
    shared, name = _read_properties(base.partition("### Base Properties")[2]), discriminator[1]
    read = [shared | _read_properties(variant) for variant in variants]
    return {"discriminator": name, "variants": {_literal(each[name]): each for each in read}}


def _read_properties(body: str) -> Properties:
    found: Properties = {}
    for line in _PROPERTY.finditer(body):
        name = "*" if line["name"] == "Additional Properties Type" else line["name"]
        if name.endswith("Scope(s)"):
            continue
        text = _TYPE.match(_LINK.sub(r"\1", line["type"]))
        assert text, line[0]
        found[name] = text[0].strip()
    return found


def _literal(text: str) -> str:
    return text.partition("'")[2].partition("'")[0]


def named_types(shape: dict[str, Any]) -> set[str]:
    """Return the names of the types that a resource or type uses itself."""
    parts = shape["variants"].values() if "variants" in shape else [shape]
    texts = [text for properties in parts for text in properties.values()]
    return {name for text in texts for name in _NAME_OF_TYPE.findall(text) if name} - BASIC


def renew(wanted: dict[str, Any], page: str, commit: str) -> dict[str, Any]:
    """Return the data of the wanted resources and of all types that they reach; raises KeyError without one of them."""
    all_resources, all_types = read_types(page)
    resources = {name: all_resources[name] for name in wanted["resources"]}
    skipped, types = set(wanted["any"]), {}
    waiting = set().union(*map(named_types, resources.values()))
    while waiting:
        name = waiting.pop()
        if name not in all_types:
            skipped.add(name)
        if name in skipped or name in types:
            continue
        types[name] = all_types[name]
        waiting |= named_types(all_types[name])
    kept = {name: types[name] for name in sorted(types)}
    return {
        "source": wanted["source"],
        "commit": commit,
        "resources": resources,
        "types": kept,
        "any": sorted(skipped & set().union(*map(named_types, [*resources.values(), *kept.values()]))),
    }


def main() -> None:
    """Renew one file of type data."""
    file, page, commit = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    data = renew(json.loads(file.read_text()), page.read_text(), commit)
    file.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

"""Route templates and their constraints, without a socket."""

import pytest

from local_azure.functions.routing.templates import TemplateError, parse_template


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("items/list", "/items/list", {}),
        ("items/list", "/ITEMS/List", {}),
        ("items/list", "/items/list/", {}),
        ("items", "/itemsX", None),
        ("items", "/xitems", None),
        ("items", "/items/more", None),
        ("items/{id}", "/items/5", {"id": "5"}),
        ("items/{id}", "/items/", None),
        ("items/{id}", "/items", None),
        ("items/{id?}", "/items", {}),
        ("items/{id?}", "/items/", {}),
        ("items/{id=5}", "/items", {"id": "5"}),
        ("items/{id=5}", "/items/6", {"id": "6"}),
        ("{*path}", "/", {}),
        ("{*path}", "/a", {"path": "a"}),
        ("{*path}", "/a/b/c", {"path": "a/b/c"}),
        ("{**path}", "/a/b/", {"path": "a/b/"}),
        ("x/{*path}", "/x", {}),
        ("{a}/{b}", "/1//2", None),
        ("file.{ext}", "/file.txt", {"ext": "txt"}),
        ("file.{ext}", "/FILE.txt", {"ext": "txt"}),
        ("file.{ext}", "/file.", None),
        ("{name}.{ext}", "/a.b.c", {"name": "a.b", "ext": "c"}),
        ("{name}.{ext?}", "/report", {"name": "report"}),
        ("{name}.{ext?}", "/report.pdf", {"name": "report", "ext": "pdf"}),
        ("{a}-{b}", "/1-2-3", {"a": "1-2", "b": "3"}),
        ("lit{{eral}}", "/lit{eral}", {}),
        ("", "/", {}),
        ("", "/x", None),
    ],
)
def test_h022_h024_h025_h030_h079_a_template_matches_the_whole_path(
    template: str, path: str, values: dict[str, str] | None
) -> None:
    assert parse_template(template).match(path) == values


@pytest.mark.parametrize(
    ("constraint", "accepted", "refused"),
    [
        ("int", ["5", "-5", "2147483647"], ["x", "5.0", "2147483648", "٣"]),
        ("long", ["9223372036854775807"], ["9223372036854775808", "x"]),
        ("float", ["1.5", "-1e5", "1,000"], ["one", "1.5.5"]),
        ("double", ["1.5"], ["x"]),
        ("decimal", ["1.5", "-2"], ["1e5", "x", "79228162514264337593543950336"]),
        ("bool", ["true", "FALSE"], ["1", "yes"]),
        ("datetime", ["2026-11-21", "2026-11-21T10:00:00Z", "31 December 2026"], ["21st", "2026-13-01"]),
        ("guid", ["0f8fad5b-d9cb-469f-a165-70867728950e", "0f8fad5bd9cb469fa16570867728950e"], ["0f8fad5b", "x"]),
        ("alpha", ["abcXYZ"], ["a1", "a-b", "é"]),
        ("length(3)", ["abc"], ["ab", "abcd"]),
        ("length(2,3)", ["ab", "abc"], ["a", "abcd"]),
        ("minlength(2)", ["ab"], ["a"]),
        ("maxlength(2)", ["ab"], ["abc"]),
        ("min(5)", ["5", "6"], ["4", "x"]),
        ("max(5)", ["5", "-1"], ["6"]),
        ("range(1,3)", ["1", "3"], ["0", "4"]),
        ("required", ["a"], []),
        ("regex(^[[a-z]]{{2}}$)", ["ab", "AB"], ["abc", "a1"]),
        ("regex(^[a-z]+$)", ["abc"], ["1"]),
        ("regex(^(a|b)c=d$)", ["ac=d"], ["a"]),
        ("int:min(1)", ["1"], ["0", "x"]),
    ],
)
def test_h023_a_constraint_decides_whether_the_route_matches(
    constraint: str, accepted: list[str], refused: list[str]
) -> None:
    template = parse_template(f"items/{{id:{constraint}}}")

    assert [value for value in accepted if template.match(f"/items/{value}") != {"id": value}] == []
    assert [value for value in refused if template.match(f"/items/{value}") is not None] == []


def test_a_constraint_and_a_default_or_a_question_mark_go_together() -> None:
    assert parse_template("{id:int=7}").match("/") == {"id": "7"}
    assert parse_template("{id:int?}").match("/") == {}
    assert parse_template("{id:int?}").match("/x") is None


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("a//b", "empty segment"),
        ("/a", "empty segment"),
        ("a/{id", "not closed"),
        ("a/id}", "not closed"),
        ("a/{}", "malformed"),
        ("{id}/{ID}", "twice"),
        ("{*rest}/more", "catch-all that is not its last"),
        ("x{*rest}", "catch-all that is not its last"),
        ("{a}{b}", "nothing between"),
        ("a?b", "outside of a parameter"),
        ("{id:nope}", "no constraint 'nope'"),
        ("{id:int(3)}", "takes no arguments"),
        ("{id:length(x)}", "does not have the arguments"),
        ("{id:range(1)}", "does not have the arguments"),
        ("{id:regex([)}", "not a regular expression"),
    ],
)
def test_a_template_that_cannot_be_parsed_says_why(template: str, reason: str) -> None:
    with pytest.raises(TemplateError, match=reason):
        parse_template(template)

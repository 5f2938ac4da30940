"""The checks find what they are for: one mistake of each kind, in a file of a few lines."""

import pytest

from tests.infra.bicep_reader import SyntaxProblem, read_document
from tests.infra.check import check_documents

HUB = """
resource hub 'Microsoft.SignalRService/webPubSub/hubs@2024-03-01' = {
  name: 'h'
  properties: { %s }
}
"""
SITE = """
resource site 'Microsoft.Web/sites@2025-03-01' = {
  name: 'a'
  location: 'b'
  properties: { %s }
}
"""
CONFIG = """
resource app 'Microsoft.Web/sites@2025-03-01' existing = { name: 'a' }
resource config 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: %s
  name: '%s'
  properties: %s
}
"""
STORE = "resource a 'Microsoft.Storage/storageAccounts@2025-01-01' existing = { name: '%s' }"
ALLOWED = "@allowed(['a', 'b'])\nparam x string = '%s'\noutput y bool = x == '%s'"


def problems(text: str, **modules: str) -> list[str]:
    """Return what is found in a file and the modules that it may use."""
    documents = {f"{name}.bicep": read_document(f"{name}.bicep", content) for name, content in modules.items()}
    documents["main.bicep"] = read_document("main.bicep", text)
    return [finding.problem for finding in check_documents(documents)]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("eventHandler: []", "WebPubSubHubProperties has no property eventHandler"),
        ("eventHandlers: [{ userEventPattern: '*' }]", "EventHandler needs urlTemplate"),
        ("eventHandlers: 'x'", "'x' is a string, not an array of EventHandler"),
        (
            "eventListeners: [{ endpoint: { type: 'Queue' } }]",
            "type of EventListenerEndpoint is Queue, it must be one of",
        ),
        ("anonymousConnectPolicy: 'no'", "'no' is not one of allow, deny"),
        ("webSocketKeepAliveIntervalInSeconds: 500", "500 is not from 1 to 120"),
        ("webSocketKeepAliveIntervalInSeconds: '20'", "'20' is a string, not int"),
    ],
)
def test_a_wrong_property_of_a_hub_is_found(properties: str, expected: str) -> None:
    assert any(problem.startswith(expected) for problem in problems(HUB % properties))


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("defaultHostName: 'x'", "SiteProperties sets defaultHostName itself"),
        ("httpsOnly: true, httpsOnly: false", "httpsOnly is set twice"),
        ("httpsOnly: 1 == 1 ? 'yes' : true", "'yes' is a string, not bool"),
        ("siteConfig: union({ alwaysOn: true }, { allwaysOn: true })", "SiteConfig has no property allwaysOn"),
        ("hostNameSslStates: concat([{ nam: 'x' }], [])", "HostNameSslState has no property nam"),
        ("hostNameSslStates: [for x in ['a']: { nam: x }]", "HostNameSslState has no property nam"),
        ("cloningInfo: {}", "the type CloningInfo is not kept: take it out of `any` in microsoft.web.sites.json"),
        ("hostNameSslStates: map(['a'], x => { nam: x })", "HostNameSslState has no property nam"),
        ("hostNameSslStates: filter([{ nam: 'x' }], x => true)", "HostNameSslState has no property nam"),
    ],
)
def test_a_wrong_property_inside_of_an_expression_is_found(properties: str, expected: str) -> None:
    assert expected in problems(SITE % properties)


@pytest.mark.parametrize(
    ("parent", "name", "properties", "expected"),
    [
        ("app", "appsetting", "{}", "name of Microsoft.Web/sites/config is appsetting, it must be one of appsettings,"),
        ("app", "appsettings", "{ A: 1 }", "this is int, it must be string"),
        ("app", "authsettingsV2", "{ platforms: {} }", "SiteAuthSettingsV2Properties has no property platforms"),
        ("config", "web", "{}", "the parent of Microsoft.Web/sites/config@2025-03-01 must be a Microsoft.Web/sites"),
    ],
)
def test_a_resource_whose_name_decides_its_properties_is_checked(
    parent: str, name: str, properties: str, expected: str
) -> None:
    assert any(problem.startswith(expected) for problem in problems(CONFIG % (parent, name, properties)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (STORE % "a", "'a' has 1 characters: 3 to 24"),
        (STORE % "UPPER", "'UPPER' does not match ^[a-z0-9]+$"),
        ("resource x 'Microsoft.Web/site@2025-03-01' = {}", "there is no type data for Microsoft.Web/site@2025-03-01"),
        ("output x string = missing", "missing is not declared"),
        ("output x string = guidd('a')", "there is no function guidd"),
        ("output x string = tenant().tenant", "tenant() has no member tenant"),
        ("output x string = environment().authentication.login", "authentication has no member login"),
        ("output x int = 'a'", "x is one of a, it must be int"),
        ("output x strin = 'a'", "there is no type strin"),
        ("param x string", "x is not used"),
        ("var x = 1\nvar x = 2\noutput y int = x", "x is declared twice"),
        ("var x = y\nvar y = x", "these need each other: x, y, x"),
        ("param x int = 'a'\noutput y int = x", "x is one of a, it must be int"),
        (ALLOWED % ("c", "a"), "x is one of c, it must be one of a, b"),
        (ALLOWED % ("a", "c"), "what == compares is one of c, it must be one of a, b"),
        ("param x string = 'a'\noutput y bool = x > 1", "what > compares is string, it must be int"),
        ("@minimum(1)\nparam x int = 1\noutput y int = x", "there is no decorator minimum"),
        ("module m 'other.bicep' = { name: 'm' }", "there is no file other.bicep"),
    ],
)
def test_a_wrong_name_or_type_is_found(text: str, expected: str) -> None:
    assert expected in problems(text)


@pytest.mark.parametrize(
    ("module", "target", "expected"),
    [
        ("params: { a: 'x' }", "param b string", "child.bicep has no parameter a"),
        ("params: { }", "param b string", "child.bicep needs the parameter b"),
        ("params: { b: 1 }", "param b string", "b is int, it must be string"),
        ("params: { b: 'z' }", "@allowed(['x'])\nparam b string", "b is one of z, it must be one of x"),
        ("parameters: {}", "output c string = ''", "a module has no parameters"),
        ("params: {}", "targetScope = 'subscription'", "child.bicep is for a subscription: the module needs a scope"),
    ],
)
def test_a_module_that_is_called_wrongly_is_found(module: str, target: str, expected: str) -> None:
    assert expected in problems(f"module m 'child.bicep' = {{\n  name: 'm'\n  {module}\n}}", child=target)


EARLY = """
resource app 'Microsoft.Web/sites@2025-03-01' existing = { name: 'a' }
var address = app.properties.defaultHostName
module m 'child.bicep' = { name: 'm' }
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("module n 'child.bicep' = { name: 'n-${address}' }", "app.properties is not known when a deployment begins"),
        ("module n 'child.bicep' = if (address == 'x') { name: 'n' }", "app.properties is not known when"),
        ("module n 'child.bicep' = [for x in [m.outputs.c]: { name: x }]", "m.outputs is not known when"),
        (
            "module n 'child.bicep' = { name: 'n', dependsOn: [address] }",
            "this must be the name of a resource or module",
        ),
        ("module n 'child.bicep' = { name: 'n', scope: 'x' }", "this must be the name of a resource or module"),
    ],
)
def test_what_is_used_before_it_can_be_known_is_found(text: str, expected: str) -> None:
    assert any(problem.startswith(expected) for problem in problems(EARLY + text, child="output c string = ''"))


def test_what_a_resource_is_called_is_known_from_the_start() -> None:
    text = "output x string = address\nmodule n 'child.bicep' = { name: app.name, dependsOn: [m] }"

    assert problems(EARLY + text, child="output c string = ''") == []


def test_an_output_that_a_module_does_not_have_is_found() -> None:
    text = "module m 'child.bicep' = { name: 'm' }\noutput x string = m.outputs.y"

    assert problems(text, child="output c string = ''") == ["outputs of child.bicep has no member y"]


def test_what_is_right_has_no_finding() -> None:
    handlers = "eventHandlers: [{ urlTemplate: 'https://x', systemEvents: ['connect'], auth: { type: 'None' } }]"

    assert problems(HUB % handlers) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("var x = {", "main.bicep:1"),
        ("param y object\nvar x = y == null ? y : y!.a.b", "main.bicep:2: tree-sitter groups this in another way"),
        ("resource a 'A/b@1' = {\n  resource c 'd' = { name: 'x' }\n}", "main.bicep:2: a nested resource"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_line(text: str, expected: str) -> None:
    with pytest.raises(SyntaxProblem, match=expected):
        read_document("main.bicep", text)

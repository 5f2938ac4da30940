"""What a deployment asks for: Bicep files evaluated for given parameters, with placeholders for what Azure answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.infra.bicep_reader import INFRA
from tests.infra.bicep_values import (
    Call,
    Choice,
    Condition,
    Document,
    Flag,
    Index,
    Items,
    Loop,
    Member,
    Module,
    Name,
    Null,
    Number,
    Object,
    Operation,
    Output,
    Parameter,
    Resource,
    Text,
    Value,
    Variable,
)

TENANT = "11111111-1111-1111-1111-111111111111"
SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"
LOGIN = "https://login.microsoftonline.com/"
# What Azure answers, by type of resource and path; `{name}` is the name of the resource.
ANSWERS: Mapping[tuple[str, str], str] = {
    ("Microsoft.Storage/storageAccounts", "properties.primaryEndpoints.blob"): "https://{name}.blob.core.windows.net/",
    (
        "Microsoft.Storage/storageAccounts",
        "properties.primaryEndpoints.queue",
    ): "https://{name}.queue.core.windows.net/",
    (
        "Microsoft.Storage/storageAccounts",
        "properties.primaryEndpoints.table",
    ): "https://{name}.table.core.windows.net/",
    ("Microsoft.SignalRService/webPubSub", "properties.hostName"): "{name}.webpubsub.azure.com",
    ("Microsoft.SignalRService/webPubSub", "identity.principalId"): "object id of {name}",
    ("Microsoft.ManagedIdentity/userAssignedIdentities", "properties.clientId"): "client id of {name}",
    ("Microsoft.ManagedIdentity/userAssignedIdentities", "properties.principalId"): "object id of {name}",
    (
        "Microsoft.Insights/components",
        "properties.ConnectionString",
    ): "InstrumentationKey=0;IngestionEndpoint=https://{name}/",
    ("Microsoft.Web/sites", "properties.defaultHostName"): "{name}.azurewebsites.net",
    ("Microsoft.DurableTask/schedulers", "properties.endpoint"): "https://{name}.westeurope.durabletask.io",
    ("Microsoft.Graph/applications", "appId"): "client id of {uniqueName}",
}


@dataclass
class Deployed:
    """A resource as it is asked for; `path` collects the members that an expression asks of it."""

    type: str
    body: dict[str, Any]
    path: tuple[str, ...] = ()

    def member(self, name: str) -> Any:
        """Return a property of the body, a placeholder for an answer, or this resource with a longer path."""
        path = (*self.path, name)
        found: Any = self.body
        for each in path:
            found = found.get(each) if isinstance(found, dict) else None
        if found is not None and not isinstance(found, dict):
            return found
        if path == ("id",):
            return f"/{self.type}/{self.body['name']}"
        if answer := ANSWERS.get((self.type, ".".join(path))):
            return answer.format(**self.body)
        if any(kind == self.type and key.startswith(".".join(path) + ".") for kind, key in ANSWERS):
            return Deployed(self.type, self.body, path)
        raise LookupError(f"{self.type} has no answer for {'.'.join(path)}")


@dataclass
class Deployment:
    """A file that is evaluated on demand: each declaration once."""

    document: Document
    documents: Mapping[str, Document]
    parameters: Mapping[str, Any]
    evaluated: dict[str, Any] = field(default_factory=dict)

    def resources(self) -> dict[str, Any]:
        """Return the resources by their names in the file, those of modules as `module.resource`."""
        found: dict[str, Any] = {}
        for each in self.document.declarations:
            if isinstance(each, Resource) and not each.is_existing:
                deployed = self.declared(each.name)
                for index, one in enumerate(deployed if isinstance(deployed, list) else [deployed]):
                    if one is not None:
                        found[f"{each.name}.{index}" if isinstance(deployed, list) else each.name] = one.body
            elif isinstance(each, Module) and (module := self.declared(each.name)) is not None:
                found |= {f"{each.name}.{name}": body for name, body in module.resources().items()}
        return found

    def outputs(self) -> dict[str, Any]:
        """Return the outputs."""
        return {each.name: self.evaluate(each.value, {}) for each in self.document.of_kind(Output)}

    def declared(self, name: str) -> Any:
        """Return the value of a declaration: None for a resource or module whose condition does not hold."""
        if name not in self.evaluated:
            self.evaluated[name] = self._declared(name)
        return self.evaluated[name]

    def _declared(self, name: str) -> Any:
        match self.document.find(name):
            case Parameter() as parameter:
                if name in self.parameters:
                    return self.parameters[name]
                if parameter.default is None:
                    raise LookupError(f"the parameter {name} is not given")
                return self.evaluate(parameter.default, {})
            case Variable() as variable:
                return self.evaluate(variable.value, {})
            case Resource() as resource:
                body = self.evaluate(resource.body, {})
                kind = resource.type.partition("@")[0]
                if isinstance(body, list):
                    return [Deployed(kind, each) for each in body]
                return None if body is None else Deployed(kind, body)
            case Module() as module:
                body = self.evaluate(module.body, {})
                if body is None:
                    return None
                return Deployment(self.documents[module.path], self.documents, body.get("params", {}))
        raise LookupError(f"{name} is not declared")

    def evaluate(self, value: Value, local: Mapping[str, Any]) -> Any:
        """Return the value of an expression; `local` has the names of loops."""
        match value:
            case Text():
                return "".join(
                    each if isinstance(each, str) else str(self.evaluate(each, local)) for each in value.parts
                )
            case Number():
                return value.number
            case Flag():
                return value.flag
            case Null():
                return None
            case Items():
                return [self.evaluate(each, local) for each in value.values]
            case Object():
                return {self.evaluate(each.key, local): self.evaluate(each.value, local) for each in value.properties}
            case Name():
                return local[value.name] if value.name in local else self.declared(value.name)
            case Choice():
                return self.evaluate(value.yes if self.evaluate(value.test, local) else value.no, local)
            case Condition():
                return self.evaluate(value.body, local) if self.evaluate(value.test, local) else None
            case Loop():
                items = self.evaluate(value.source, local)
                return [self.evaluate(value.body, {**local, value.names[0]: item}) for item in items]
            case Member():
                return _member(self.evaluate(value.of, local), value.name)
            case Index():
                return self.evaluate(value.of, local)[self.evaluate(value.key, local)]
            case Operation():
                return _operate(value.operator, [self.evaluate(each, local) for each in value.operands])
            case Call():
                return _call(value.function, [self.evaluate(each, local) for each in value.arguments])
        raise NotImplementedError(type(value).__name__)


def _member(of: Any, name: str) -> Any:
    match of:
        case Deployed():
            return of.member(name)
        case Deployment():
            return of.outputs() if name == "outputs" else of.document.name
        case _:
            return of[name]


def _operate(operator: str, operands: list[Any]) -> Any:
    left, right = operands[0], operands[-1]
    match operator:
        case "==":
            return left == right
        case "!=":
            return left != right
        case ">":
            return left > right
        case "&&":
            return left and right
        case "||":
            return left or right
        case "!":
            return not left
        case "??":
            return right if left is None else left
    raise NotImplementedError(operator)


def _call(function: str, arguments: list[Any]) -> Any:
    match function:
        case "union":
            return {name: value for each in arguments for name, value in each.items()}
        case "concat":
            return [value for each in arguments for value in each]
        case "empty":
            return not arguments[0]
        case "uniqueString":
            return "abcdefghijklm"
        case "guid":
            return "guid of " + ", ".join(arguments)
        case "subscriptionResourceId":
            return f"/subscriptions/{SUBSCRIPTION}/providers/{'/'.join(arguments)}"
        case "tenant":
            return {"tenantId": TENANT}
        case "subscription":
            return {"id": f"/subscriptions/{SUBSCRIPTION}", "subscriptionId": SUBSCRIPTION}
        case "environment":
            return {"authentication": {"loginEndpoint": LOGIN}}
        case "resourceGroup":
            return {"id": "/resourceGroups/rg", "name": "rg", "location": "westeurope"}
        case "loadTextContent":
            return (INFRA / arguments[0]).read_text()
        case "replace":
            return arguments[0].replace(arguments[1], arguments[2])
    raise NotImplementedError(function)

"""What must hold of the values that a deployment asks for: settings, trust, roles, addresses.

Each rule yields problems in words: a test holds that there are none, the mutation test that there are some.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from chat.errors import NotConfigured
from chat.settings import DEFAULT_HUB, Auth, Settings, Trust
from chat.table_storage.connection import Identity, read_storage_connection
from chat.webhook.bearer_tokens import read_expectation
from tests.infra.bicep_reader import INFRA
from tests.infra.bicep_values import Document
from tests.infra.evaluation import LOGIN, SUBSCRIPTION, TENANT, Deployment

README = INFRA.parent / "README.md"
# learn.microsoft.com/azure/role-based-access-control/built-in-roles; the last two also in Microsoft's samples
# (Azure/azure-webpubsub, Azure-Samples/Durable-Task-Scheduler).
ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "12cf5a90-567b-43ae-8102-96cf46c7d9b4": "Web PubSub Service Owner",
    "0ad04412-c4d5-4796-b79c-f76d14c8d402": "Durable Task Data Contributor",
}
# Settings that the host reads: learn.microsoft.com/azure/azure-functions/functions-app-settings,
# …/functions-identity-based-connections-tutorial, …/durable/durable-task-scheduler; and the one by which
# App Service Authentication takes an identity in place of a secret.
HOST_SETTINGS = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
    "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID",
    "TASKHUB_NAME",
}
APP_ROLES = {
    ("Microsoft.Storage/storageAccounts", "Storage Blob Data Owner"),
    ("Microsoft.Storage/storageAccounts", "Storage Queue Data Contributor"),
    ("Microsoft.Storage/storageAccounts", "Storage Table Data Contributor"),
    ("Microsoft.SignalRService/webPubSub", "Web PubSub Service Owner"),
    ("Microsoft.Insights/components", "Monitoring Metrics Publisher"),
}


@dataclass(frozen=True)
class Shape:
    """One way to deploy."""

    auth: str
    durable: str
    entra_client_id: str = ""

    @property
    def uses_easy_auth(self) -> bool:
        """Whether people sign in."""
        return self.auth == "easyauth"

    @property
    def uses_scheduler(self) -> bool:
        """Whether Durable Functions use the scheduler."""
        return self.durable == "azureManaged"


SHAPES = (
    Shape("open", "azureStorage"),
    Shape("easyauth", "azureManaged"),
    Shape("easyauth", "azureStorage", entra_client_id="an application that exists"),
)


@dataclass(frozen=True)
class Deployed:
    """A deployment in one shape: its resources by their names in the files, and its outputs."""

    shape: Shape
    resources: Mapping[str, Any]
    outputs: Mapping[str, str]

    @property
    def settings(self) -> Mapping[str, str]:
        """The app settings."""
        settings: Mapping[str, str] = self.resources["chat.settings.settings"]["properties"]
        return settings

    @property
    def app_url(self) -> str:
        """The address of the app."""
        return f"https://{self.resources['chat.app']['name']}.azurewebsites.net"

    @property
    def service_identity(self) -> str:
        """What proves that a token is the service's."""
        if self.shape.uses_easy_auth:
            return f"client id of {self.resources['chat.serviceIdentity']['name']}"
        return f"object id of {self.resources['chat.service']['name']}"

    @property
    def client_id(self) -> str:
        """The client id of the Entra application."""
        made = self.resources.get("chat.entra.application")
        return f"client id of {made['uniqueName']}" if made else self.shape.entra_client_id


def deploy(documents: Mapping[str, Document], shape: Shape, **parameters: Any) -> Deployed:
    """Return what a deployment in this shape asks for."""
    given = {"auth": shape.auth, "durable": shape.durable, "entraClientId": shape.entra_client_id, **parameters}
    main = Deployment(
        documents["main.bicep"], documents, {"environmentName": "test", "location": "westeurope", **given}
    )
    return Deployed(shape, main.resources(), main.outputs())


def find_problems(documents: Mapping[str, Document]) -> list[str]:
    """Return what is wrong in the values of any shape."""
    problems: list[str] = []
    for shape in SHAPES:
        try:
            deployed = deploy(documents, shape, admins="aad:1", alwaysReadyHttp=1, alwaysReadyDurable=2)
            problems += [f"{shape}: {problem}" for rule in RULES for problem in rule(deployed)]
        except (LookupError, NotImplementedError) as problem:
            problems.append(f"{shape}: {problem!r}")
    return problems


def _differs(what: str, found: object, expected: object) -> Iterator[str]:
    if found != expected:
        yield f"{what} is {found!r}, it must be {expected!r}"


@cache
def own_settings() -> frozenset[str]:
    """Return the settings of the app that README.md has in backquotes."""
    return frozenset(re.findall(r"`((?:Chat|WebPubSub)\w+)`", README.read_text()))


def settings_are_known(deployed: Deployed) -> Iterator[str]:
    """Every setting is one that the app or the host reads."""
    for name in deployed.settings:
        if name not in HOST_SETTINGS | own_settings():
            yield f"neither the app nor the host knows the setting {name}"


def settings_are_complete(deployed: Deployed) -> Iterator[str]:
    """The app reads what it needs from the settings, and finds the identity that it shall use."""
    settings, identity = Settings(deployed.settings), f"client id of {deployed.resources['chat.appIdentity']['name']}"
    try:
        yield from _differs("the connection string", settings.connection, None)
        endpoint = f"https://{deployed.resources['chat.service']['name']}.webpubsub.azure.com"
        yield from _differs("the endpoint", settings.endpoint, endpoint)
        yield from _differs("CHAT_WEBPUBSUB_ENDPOINT", deployed.outputs["CHAT_WEBPUBSUB_ENDPOINT"], endpoint)
        yield from _differs("the identity", settings.identity_client_id, identity)
        yield from _differs("the hub", settings.hub, DEFAULT_HUB)
        yield from _differs("ChatAuth", settings.auth, Auth(deployed.shape.auth))
        yield from _differs("ChatWebhookTrust", settings.trust, Trust.IDENTITY)
        yield from _differs("ChatAdmins", settings.text("ChatAdmins"), "aad:1")
        expected = read_expectation(settings)
        yield from _differs("the tenant", expected.tenant, TENANT)
        yield from _differs("the authority", expected.authority, LOGIN.rstrip("/"))
        yield from _differs("ChatWebhookIdentity", expected.identity, deployed.service_identity)
        storage, account = read_storage_connection(settings), deployed.resources["chat.storage"]["name"]
        yield from _differs("the table endpoint", storage.endpoint, f"https://{account}.table.core.windows.net")
        yield from _differs("the storage credential", storage.credential, Identity(identity, is_managed=True))
    except NotConfigured as problem:
        yield str(problem)


def host_settings_are_complete(deployed: Deployed) -> Iterator[str]:
    """The host finds its storage, its telemetry and the scheduler, each with the app's identity."""
    identity = f"client id of {deployed.resources['chat.appIdentity']['name']}"
    account, insights = deployed.resources["chat.storage"]["name"], deployed.resources["chat.insights"]["name"]
    expected = {
        "AzureWebJobsStorage__blobServiceUri": f"https://{account}.blob.core.windows.net/",
        "AzureWebJobsStorage__queueServiceUri": f"https://{account}.queue.core.windows.net/",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey=0;IngestionEndpoint=https://{insights}/",
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": f"ClientId={identity};Authorization=AAD",
    }
    if deployed.shape.uses_scheduler:
        scheduler, hub = deployed.resources["chat.scheduler.scheduler"], deployed.resources["chat.scheduler.taskHub"]
        expected["TASKHUB_NAME"] = hub["name"]
        expected["DURABLE_TASK_SCHEDULER_CONNECTION_STRING"] = (
            f"Endpoint=https://{scheduler['name']}.westeurope.durabletask.io;TaskHub={hub['name']};"
            f"Authentication=ManagedIdentity;ClientID={identity}"
        )
        yield from _differs("the scheduler's addresses", scheduler["properties"]["ipAllowlist"], ["0.0.0.0/0"])
    if deployed.shape.uses_easy_auth:
        expected["OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"] = identity
    for name in sorted(HOST_SETTINGS - {"AzureWebJobsStorage__clientId", "AzureWebJobsStorage__credential"}):
        if name != "AzureWebJobsStorage__tableServiceUri":
            yield from _differs(name, deployed.settings.get(name), expected.get(name))


def hub_and_app_agree(deployed: Deployed) -> Iterator[str]:
    """The hub sends its events to the app's address, with a token that the app accepts."""
    hub = deployed.resources["chat.hubSettings.hubSettings"]
    handler = hub["properties"]["eventHandlers"][0]
    audience = deployed.client_id if deployed.shape.uses_easy_auth else "https://webpubsub.azure.com"
    yield from _differs("the hub", hub["name"], deployed.settings["WebPubSubHub"])
    yield from _differs("the handler's address", handler["urlTemplate"], f"{deployed.app_url}/eventhandler/{{event}}")
    yield from _differs("the audience of the hub", handler["auth"]["managedIdentity"]["resource"], audience)
    yield from _differs("ChatWebhookAudience", deployed.settings.get("ChatWebhookAudience"), audience)
    yield from _differs("CHAT_WEBHOOK_AUDIENCE", deployed.outputs["CHAT_WEBHOOK_AUDIENCE"], audience)
    yield from _differs("CHAT_APP_URL", deployed.outputs["CHAT_APP_URL"], deployed.app_url)


def roles_are_the_least(deployed: Deployed) -> Iterator[str]:
    """Only the app's identity has roles, each on one resource; the service's identity has none."""
    app = f"object id of {deployed.resources['chat.appIdentity']['name']}"
    found = set()
    for name, body in deployed.resources.items():
        if "roleDefinitionId" not in body.get("properties", {}):
            continue
        prefix, _, role = body["properties"]["roleDefinitionId"].rpartition("/")
        definitions = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
        yield from _differs(f"the role of {name}", prefix, definitions)
        yield from _differs(f"who has {name}", body["properties"]["principalId"], app)
        found.add((body["scope"].type, ROLES.get(role, f"unknown {role}")))
    scheduler = {("Microsoft.DurableTask/schedulers/taskHubs", "Durable Task Data Contributor")}
    yield from _differs("the roles", found, APP_ROLES | (scheduler if deployed.shape.uses_scheduler else set()))


def nothing_has_a_key(deployed: Deployed) -> Iterator[str]:
    """Storage, service and telemetry take no keys, the app deploys with none, and no address is opened by CORS."""
    resources = deployed.resources
    yield from _differs("shared keys", resources["chat.storage"]["properties"]["allowSharedKeyAccess"], False)
    yield from _differs("keys of the service", resources["chat.service"]["properties"]["disableLocalAuth"], True)
    yield from _differs("keys of telemetry", resources["chat.insights"]["properties"]["DisableLocalAuth"], True)
    yield from _differs("passwords that deploy", resources["chat.publishing"]["properties"]["allow"], False)
    site = resources["chat.app"]["properties"]
    yield from _differs("httpsOnly", site["httpsOnly"], True)
    if "cors" in site["siteConfig"]:
        yield "the host answers OPTIONS before the webhook does where CORS is set"
    if "WEBSITE_AUTH_ENABLED" in deployed.settings:
        yield "WEBSITE_AUTH_ENABLED is the platform's to set: it is the app's second lock"


def people_sign_in_without_a_secret(deployed: Deployed) -> Iterator[str]:
    """With easyauth, the platform knows the application, and the app's identity stands in for a secret."""
    resources = deployed.resources
    present = "chat.settings.authentication" in resources
    yield from _differs("App Service Authentication", present, deployed.shape.uses_easy_auth)
    if not present:
        return
    issuer = f"{LOGIN}{TENANT}/v2.0"
    directory = resources["chat.settings.authentication"]["properties"]["identityProviders"]["azureActiveDirectory"]
    applications = directory["validation"]["defaultAuthorizationPolicy"]["allowedApplications"]
    yield from _differs("the client id", directory["registration"]["clientId"], deployed.client_id)
    yield from _differs("the issuer", directory["registration"]["openIdIssuer"], issuer)
    yield from _differs("the audiences", directory["validation"]["allowedAudiences"], [deployed.client_id])
    yield from _differs("the applications", applications, [deployed.client_id, deployed.service_identity])
    if deployed.shape.entra_client_id:
        yield from _differs("a made application", "chat.entra.application" in resources, False)
        return
    application, credential = resources["chat.entra.application"], resources["chat.entra.identityAsSecret"]
    app_identity = f"object id of {resources['chat.appIdentity']['name']}"
    callback = f"{deployed.app_url}/.auth/login/aad/callback"
    yield from _differs("where people come back to", application["web"]["redirectUris"], [callback])
    yield from _differs("the credential's issuer", credential["issuer"], issuer)
    yield from _differs("the credential's subject", credential["subject"], app_identity)


def azd_finds_everything(deployed: Deployed) -> Iterator[str]:
    """azd finds the environment's resources, and the app of the service `api`, by their tags."""
    for name, body in deployed.resources.items():
        if "tags" in body:
            expected = {"azd-env-name": "test"} | ({"azd-service-name": "api"} if name == "chat.app" else {})
            yield from _differs(f"the tags of {name}", body["tags"], expected)
        elif "location" in body:
            yield f"{name} has no tags"


def instances_are_as_asked(deployed: Deployed) -> Iterator[str]:
    """The groups of always-ready instances have the names that the platform knows."""
    scale = deployed.resources["chat.app"]["properties"]["functionAppConfig"]["scaleAndConcurrency"]
    groups = {each["name"]: each["instanceCount"] for each in scale["alwaysReady"]}
    yield from _differs("always-ready instances", groups, {"http": 1, "durable": 2})


RULES: tuple[Callable[[Deployed], Iterator[str]], ...] = (
    settings_are_known,
    settings_are_complete,
    host_settings_are_complete,
    hub_and_app_agree,
    roles_are_the_least,
    nothing_has_a_key,
    people_sign_in_without_a_secret,
    azd_finds_everything,
    instances_are_as_asked,
)

"""Every misspelt name and value of the Bicep files is found, but for those that are listed here with the reason."""

import pytest

from tests.infra.bicep_reader import read_infra
from tests.infra.bicep_values import Declaration, Document
from tests.infra.check import check_declaration, check_documents
from tests.infra.deployment_rules import find_problems
from tests.infra.mutations import mutations_of

KINDS = {"property", "text", "value", "name", "member", "function", "type", "resource type", "file"}
# What we name ourselves: any other name would do.
NAMES_OF_RESOURCES = {
    "main.bicep": {"group: text rg-"},
    "resources.bicep": {
        "app: text func-chat-",
        "appIdentity: text id-chat-",
        "insights: text appi-chat-",
        "logs: text log-chat-",
        "packages: text app-package",
        "plan: text plan-chat-",
        "scheduler: text dts-chat-",
        "service: text wps-chat-",
        "serviceIdentity: text id-webpubsub-",
        "serviceLogs: text connectivity",
        "storage: text st",
    },
    "scheduler.bicep": {"taskHub: text chat"},
}
NAMES_OF_DEPLOYMENTS = {
    "main.bicep": {"chat: text chat"},
    "resources.bicep": {
        "alerts: text alerts",
        "entra: text entra",
        "hubSettings: text hub",
        "roles: text roles",
        "scheduler: text scheduler",
        "settings: text settings",
        "workbook: text workbook",
    },
}
# A name that later deployments find the Entra application by, and one of its credential.
NAMES_IN_ENTRA_ID = {
    "resources.bicep": {"entra: text chat-", "entra: text -"},
    "entra.bicep": {"identityAsSecret: text /app-identity"},
}
# Names of rules, of what they count, and of the receiver of mails.
NAMES_OF_ALERTS = {
    "alerts.bicep": {
        "mail: text chat-",
        "mail: text chat",
        "mail: text operator",
        "connectionQuota: text chat-",
        "connectionQuota: text -connection-quota",
        "connectionQuota: text quota",
        "serverLoad: text chat-",
        "serverLoad: text -server-load",
        "serverLoad: text load",
        "serverErrors: text chat-",
        "serverErrors: text -http-5xx",
        "serverErrors: text errors",
        "eventErrors: text chat-",
        "eventErrors: text -event-errors",
        "slowEvents: text chat-",
        "slowEvents: text -slow-events",
        "refusedWebhooks: text chat-",
        "refusedWebhooks: text -refused-webhooks",
    },
    "workbook.bicep": {"workbook: text chat"},
}
# The parts of the workbook's JSON that are replaced: tests/monitoring compares them.
OTHERS_TEST = {
    "workbook.bicep": {"withInsights: text INSIGHTS_ID", "withPubsub: text PUBSUB_ID", "content: text APP_ID"},
}
# Without it azd asks for a text instead of offering the regions.
HINT_FOR_AZD = {"main.bicep": {"location: property azd", "location: property type", "location: text location"}}
NOT_FOUND = (
    NAMES_OF_RESOURCES,
    NAMES_OF_DEPLOYMENTS,
    NAMES_IN_ENTRA_ID,
    NAMES_OF_ALERTS,
    OTHERS_TEST,
    HINT_FOR_AZD,
)


def is_found(declaration: Declaration, document: Document, documents: dict[str, Document]) -> bool:
    """Return whether any check has something to say; the cheapest one goes first."""
    return bool(
        check_declaration(declaration, document, documents) or find_problems(documents) or check_documents(documents)
    )


@pytest.mark.parametrize("file", sorted(read_infra()))
def test_every_misspelling_is_found_but_for_names_that_are_free(file: str) -> None:
    documents, missed = read_infra(), set()

    for mutation in mutations_of(documents[file]):
        mutation.apply()
        if not is_found(mutation.declaration, documents[file], documents):
            missed.add(mutation.label)
        mutation.revert()

    assert missed == set().union(*(reason.get(file, set()) for reason in NOT_FOUND))


def test_the_misspellings_are_of_every_kind_and_leave_the_files_as_they_were() -> None:
    mutations = [mutation for document in read_infra().values() for mutation in mutations_of(document)]

    assert len(mutations) > 1000
    assert {mutation.kind for mutation in mutations} == KINDS
    assert check_documents(read_infra()) == []
    assert find_problems(read_infra()) == []

"""What people see when something is wrong: each member is the anchor of a section in docs/troubleshooting.md."""

from enum import StrEnum


class Symptom(StrEnum):
    """A section of the page, by what is wrong there."""

    ADDRESS_REFUSED = "the-service-refuses-the-webhooks-address"
    NO_ORIGIN_HEADER = "options-is-answered-without-the-header"
    EVENTS_FAIL = "events-are-answered-404-or-500"
    NO_EVENT_COMES = "clients-connect-and-no-event-comes"
    CLOSED_AT_FIRST_MESSAGE = "the-connection-closes-at-the-first-message"
    EVERY_ADDRESS_404 = "every-address-is-404"
    NO_FUNCTIONS = "there-are-no-functions-after-publishing"
    MESSAGES_MISSING = "messages-are-missing-after-sleep"
    REST_REFUSED = "rest-calls-answer-401-or-403"
    CONNECTIONS_REFUSED = "connections-are-refused-or-the-bill-is-high"
    SETTING = "a-setting-is-missing-or-wrong"
    CLOCK = "the-clock-is-wrong"
    STORAGE = "storage-does-not-answer"
    PORT = "a-port-is-in-use"
    VERSIONS = "versions-differ"
    DURABLE = "reminders-and-retention-do-nothing"

"""Would the service's questions and events reach the app, and would anybody else's be refused?

It asks the webhook as the service does, and sends an event that does nothing: without a proof, with wrong ones, and
with the right one where that can be made here.
"""

from urllib.parse import urlsplit

from doctor.findings import Finding, Verdict
from doctor.http import TIMEOUT_SECONDS, NoAnswer
from doctor.symptoms import Symptom
from doctor.webhook_proofs import check_proofs
from doctor.webhook_requests import Webhook
from doctor.webhook_validation import (
    check_cors,
    check_foreign_origin,
    check_several_origins,
    judge_validation,
    not_asked,
)

LATER_CHECKS = (
    "webhook.cors",
    "webhook.foreign_origin",
    "webhook.several_origins",
    "webhook.easyauth",
    "webhook.unsigned",
    "webhook.wrong_signature",
    "webhook.foreign_bearer",
    "webhook.right_signature",
)


def check_webhook(
    base_url: str,
    hub: str,
    origin_host: str,
    *,
    access_key: str | None = None,
    function_key: str | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> list[Finding]:
    """Return nine findings about the webhook of the app at `base_url`, in the order in which they were asked.

    `origin_host` is the host of the service, which asks for permission to deliver. With `access_key` an event is signed
    as the service signs it; `function_key` is the key of the route, for ChatWebhookTrust=functionkey. `timeout` is in
    seconds for each of at most nine requests; where the first one has no answer, no other is sent. Raises ValueError
    for an address that is none.
    """
    webhook = Webhook(base_url.rstrip("/"), hub, origin_host, access_key, function_key, timeout)
    try:
        validation = webhook.ask(origin_host)
    except NoAnswer as problem:
        return unreachable(webhook, problem)
    first = judge_validation(webhook, validation)
    return [
        first,
        *(check(webhook, first) for check in (check_cors, check_foreign_origin, check_several_origins)),
        *check_proofs(webhook, validation),
    ]


def unreachable(webhook: Webhook, problem: NoAnswer) -> list[Finding]:
    """Return the findings about a webhook that does not answer."""
    host = urlsplit(webhook.base_url).hostname
    seen = f"{webhook.shown('OPTIONS', 'validate')} at {host}: {problem}"
    fix = "the service could not reach the app either: check the address, and that the app runs; its log says more"
    return [
        Finding("webhook.validation", Verdict.WRONG, seen, fix, Symptom.EVENTS_FAIL),
        *(not_asked(name, "the webhook does not answer") for name in LATER_CHECKS),
    ]

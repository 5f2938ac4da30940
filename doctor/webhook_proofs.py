"""Does the app refuse events that do not prove that they come from the service, and take one that does?"""

import secrets
import time

from doctor.answers import Answer, Answerer
from doctor.findings import Finding, Verdict
from doctor.http import NoAnswer
from doctor.symptoms import Symptom
from doctor.webhook_fixes import GIVE_KEY, LET_THROUGH, READ_LOG, explain_refusal
from doctor.webhook_requests import Webhook, foreign_token
from doctor.webhook_validation import silence

CLOCK_TOLERANCE_SECONDS = 300
"""How far from its own clock the app takes an event's time, unless ChatEventMaxAgeSeconds says otherwise."""


def check_proofs(webhook: Webhook, validation: Answer) -> list[Finding]:
    """Return what the app says to events without a proof, with wrong ones, and with the right one."""
    wrong_key = secrets.token_urlsafe(32)
    forged = {
        "webhook.unsigned": {},
        "webhook.wrong_signature": {"ce-signature": webhook.signature(wrong_key)},
        "webhook.foreign_bearer": {"Authorization": f"Bearer {foreign_token()}"},
    }
    answers: dict[str, Answer] = {}
    findings: list[Finding] = []
    for check, headers in forged.items():
        try:
            answers[check] = webhook.deliver(headers)
        except NoAnswer as problem:
            findings.append(silence(check, webhook.shown("POST", "disconnected"), problem))
        else:
            findings.append(judge_forged(webhook, check, answers[check]))
    foreign = answers.pop("webhook.foreign_bearer", None)
    easy_auth = judge_easy_auth(webhook, [validation, *answers.values()], foreign)
    return [easy_auth, *findings, check_right_proof(webhook)]


def judge_easy_auth(webhook: Webhook, answers: list[Answer], foreign: Answer | None) -> Finding:
    """Return whether a sign-in in front of the app keeps the service out.

    `answers` are those to requests without a token, `foreign` the one to a token of nobody. A sign-in that refuses only
    the latter is perhaps right to do so: it may know the service's token.
    """
    check, address = "webhook.easyauth", webhook.shown("POST", "disconnected").partition(" ")[2]
    found = next((answer for answer in answers if answer.answerer is Answerer.SIGN_IN), None)
    if found is not None:
        seen = webhook.redact(f"requests to {address}: {found.shown}")
        return Finding(check, Verdict.WRONG, seen, LET_THROUGH, Symptom.ADDRESS_REFUSED)
    if foreign is not None and foreign.answerer is Answerer.SIGN_IN:
        seen = webhook.redact(f"requests to {address} with a foreign token: {foreign.shown}")
        fix = f"a message that goes round shows whether the service's token passes; where it does not: {LET_THROUGH}"
        return Finding(check, Verdict.UNKNOWN, seen, fix, Symptom.ADDRESS_REFUSED)
    if any(answer.answerer is Answerer.APP for answer in answers):
        return Finding(check, Verdict.OK, "requests without a token and with a foreign one reach the app")
    if webhook.function_key and answers[0].answerer is Answerer.ACCEPTED:
        return Finding(
            check, Verdict.OK, "requests with the function's key reach the app, others are refused by the host"
        )
    return Finding(check, Verdict.UNKNOWN, "no answer was the app's own", GIVE_KEY, Symptom.ADDRESS_REFUSED)


def judge_forged(webhook: Webhook, check: str, answer: Answer) -> Finding:
    """Return whether an event without a valid proof was refused."""
    response = answer.response
    seen = webhook.redact(f"{webhook.shown('POST', 'disconnected')}: {answer.shown}")
    milliseconds = response.milliseconds
    match answer.answerer:
        case Answerer.ACCEPTED:
            fix = (
                "anybody can send events in the service's name: set ChatWebhookTrust to signature or identity; with"
                " functionkey the host must check keys (auth level FUNCTION)"
            )
            return Finding(check, Verdict.WRONG, seen, fix, Symptom.SETTING, milliseconds)
        case Answerer.APP if answer.code == "untrusted_event":
            return Finding(check, Verdict.OK, seen, milliseconds=milliseconds)
        case Answerer.APP if answer.code == "not_configured":
            return Finding(
                check, Verdict.WRONG, seen, "set what the answer names, and restart the app", Symptom.SETTING
            )
        case Answerer.SIGN_IN if check == "webhook.foreign_bearer" and response.status in (401, 403):
            return Finding(check, Verdict.OK, f"{seen}, refused it", milliseconds=milliseconds)
        case Answerer.HOST_KEY if webhook.function_key:
            return Finding(check, Verdict.OK, f"{seen}: nothing passes without it", milliseconds=milliseconds)
        case Answerer.APP:
            fix = "the app refused the event for another reason than its proof: read its log"
            return Finding(check, Verdict.UNKNOWN, seen, fix, Symptom.EVENTS_FAIL, milliseconds)
    fix, symptom = explain_refusal(answer, has_key=bool(webhook.function_key))
    return Finding(check, Verdict.UNKNOWN, f"{seen}: the app was not reached", fix, symptom, milliseconds)


def check_right_proof(webhook: Webhook) -> Finding:
    """Return whether the app takes an event with the proof that the service has, where that can be made here."""
    check = "webhook.right_signature"
    if webhook.access_key:
        headers, asked = {"ce-signature": webhook.signature(webhook.access_key)}, "signed with the access key"
    elif webhook.function_key:
        headers, asked = {}, "with the function's key"
    else:
        seen = "no event was sent: without an access key nobody but the service can prove that it is the service"
        return Finding(check, Verdict.UNKNOWN, seen, "a message that goes round proves it: see round_trip.send")
    try:
        answer = webhook.deliver(headers, with_key=True)
    except NoAnswer as problem:
        return Finding(check, Verdict.WRONG, f"an event {asked}: {problem}", READ_LOG, Symptom.EVENTS_FAIL)
    seen = webhook.redact(f"{webhook.shown('POST', 'disconnected')} {asked}: {answer.shown}")
    if answer.answerer is Answerer.ACCEPTED:
        return Finding(check, Verdict.OK, seen, milliseconds=answer.response.milliseconds)
    verdict, fix, symptom = explain_right_proof(webhook, answer)
    return Finding(check, verdict, seen, fix, symptom, answer.response.milliseconds)


def explain_right_proof(webhook: Webhook, answer: Answer) -> tuple[Verdict, str, str]:
    """Return what the refusal of a right proof means, its fix and its symptom."""
    if answer.code == "unknown_hub":
        return (
            Verdict.WRONG,
            "use one name of the hub everywhere: WebPubSubHub, the hub's resource",
            Symptom.NO_EVENT_COMES,
        )
    if answer.code != "untrusted_event":
        fix, symptom = explain_refusal(answer, has_key=bool(webhook.function_key))
        verdict = Verdict.UNKNOWN if answer.answerer in (Answerer.SIGN_IN, Answerer.HOST_KEY) else Verdict.WRONG
        return verdict, fix, symptom
    date = answer.response.date
    if date is not None and abs(date.timestamp() - time.time()) > CLOCK_TOLERANCE_SECONDS:
        return Verdict.WRONG, "the app's clock and this one differ too much: set both by NTP", Symptom.CLOCK
    if not webhook.access_key:
        fix = "the app wants another proof than the function's key; a message that goes round shows whether it comes"
        return Verdict.UNKNOWN, fix, Symptom.SETTING
    fix = (
        "the app has another key: it was made anew, or belongs to another service; set WebPubSubConnectionString, or"
        " WebPubSubSecondaryConnectionString for the second key. With ChatWebhookTrust=identity no key is taken"
    )
    return Verdict.WRONG, fix, Symptom.SETTING

"""What to do about an answer of the webhook that the service would not take, by who gave it. Pure."""

from doctor.answers import ALLOWED_ORIGIN, Answer, Answerer
from doctor.symptoms import Symptom

LET_THROUGH = (
    "App Service Authentication answers in place of the app: allow requests without a sign-in (AllowAnonymous), or name"
    " /eventhandler in excludedPaths; with ChatWebhookTrust=identity, put the audience and the client id of the"
    " service's identity into the allowed ones"
)
GIVE_KEY = (
    "the function's key is wanted (ChatWebhookTrust=functionkey): put ?code=<key> into the handler's address in the"
    " hub, and give the key to this check"
)
FIND_FUNCTION = (
    "there is no function at this address: the handler's address must end with /eventhandler/{event}, and the app must"
    " list the function eventhandler; its start log says what failed"
)
READ_LOG = "the app fails or does not start: read its log"
USE_HTTPS = "write the handler's address with https://: the service follows no redirect"
REMOVE_CORS = (
    "something before the app answers OPTIONS, as a CORS setting does: remove all CORS entries of the site; the page"
    " has the same origin and needs none"
)
ALLOW_ORIGIN = (
    "the app serves another service: check WebPubSubConnectionString (or its __serviceUri), and ChatAllowedOrigins,"
    " which may be unset; with a custom domain or a proxy it must name the host by which the service asks"
)


def explain_refusal(answer: Answer, *, has_key: bool) -> tuple[str, str]:
    """Return the fix and the symptom of an answer that the service does not take."""
    match answer.answerer:
        case Answerer.ACCEPTED if answer.response.header(ALLOWED_ORIGIN):
            return ALLOW_ORIGIN, Symptom.ADDRESS_REFUSED
        case Answerer.ACCEPTED:
            return REMOVE_CORS, Symptom.NO_ORIGIN_HEADER
        case Answerer.SIGN_IN:
            return LET_THROUGH, Symptom.ADDRESS_REFUSED
        case Answerer.HTTPS:
            return USE_HTTPS, Symptom.ADDRESS_REFUSED
        case Answerer.HOST_KEY if has_key:
            return (
                "the host refuses the function's key: take the key of the function eventhandler",
                Symptom.ADDRESS_REFUSED,
            )
        case Answerer.HOST_KEY:
            return f"{GIVE_KEY}; or: {LET_THROUGH}", Symptom.ADDRESS_REFUSED
        case Answerer.ABSENT:
            return FIND_FUNCTION, Symptom.EVENTS_FAIL
        case Answerer.APP if answer.code == "not_configured":
            return "set what the answer names, and restart the app", Symptom.SETTING
        case Answerer.APP if answer.code == "origin_refused":
            return ALLOW_ORIGIN, Symptom.ADDRESS_REFUSED
    return READ_LOG, Symptom.EVENTS_FAIL

"""What must the page know before it connects? `/session` tells."""

from functools import partial
from urllib.parse import quote

import azure.functions as func

from chat.call_record import CallRecord
from chat.errors import ChatError
from chat.functions.handled_calls import answer_request
from chat.http_answers import NO_STORE, json_response
from chat.identity import User, principal
from chat.logs import log
from chat.names import LOBBY, ROOM_LENGTH, ROOM_PATTERN
from chat.settings import DAY_SECONDS, Auth, Settings, current_settings
from chat.user_names.rules import USER_NAME_LENGTH

bp = func.Blueprint()


@bp.route(route="session", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def session(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Return how people sign in here, who has, and the limits; `auth` is null while nobody may connect."""
    return await answer_request(req, context, partial(answer_session, req))


async def answer_session(req: func.HttpRequest, record: CallRecord) -> func.HttpResponse:
    """Return the answer, also where a setting is missing or unusable."""
    settings = current_settings()
    auth, user = None, None
    try:
        auth = settings.auth
        user = principal(req.headers, settings) if auth is Auth.EASYAUTH else None
    except ChatError as error:
        log.warning("nobody can sign in", extra={"code": error.code, "reason": str(error)})
        auth = None
    record.user = user.id if user else None
    return json_response(session_content(settings, auth, user), headers=NO_STORE)


def session_content(settings: Settings, auth: Auth | None, user: User | None) -> dict[str, object]:
    """Return the answer's content."""
    platform = auth is Auth.EASYAUTH
    provider = quote(settings.text("ChatSignInProvider", "aad"), safe="")
    return {
        "auth": auth,
        "user": user.id if user else None,
        "name": user.name if user else None,
        "hub": settings.hub,
        "lobby": LOBBY,
        "limits": {
            "messageBytes": message_bytes(settings),
            "userIdLength": USER_NAME_LENGTH,
            "roomLength": ROOM_LENGTH,
            "roomPattern": ROOM_PATTERN,
        },
        "retentionDays": retention_days(settings),
        "signIn": f"/.auth/login/{provider}?post_login_redirect_uri=/" if platform else None,
        "signOut": "/.auth/logout?post_logout_redirect_uri=/" if platform else None,
    }


def retention_days(settings: Settings) -> float | None:
    """Return after how many days messages are removed, or None where they are kept, or the setting is unusable."""
    try:
        seconds = settings.retention_seconds
    except ChatError:
        return None
    return seconds / DAY_SECONDS if seconds else None


def message_bytes(settings: Settings) -> int | None:
    """Return the limit of a message, or None while the setting is unusable."""
    try:
        return settings.message_bytes
    except ChatError:
        return None

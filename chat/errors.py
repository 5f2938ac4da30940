"""The errors that a caller is told, each with a stable code: a wrong request, or a setting that is missing."""


class ChatError(Exception):
    """An error that the caller can act on.

    `code` never changes its meaning; `status` is the HTTP status where one applies. `retry_after` is in seconds, None
    where waiting does not help.
    """

    code = "chat_error"
    status = 400
    retry_after: float | None = None


class NotConfigured(ChatError):
    """A setting that this request needs is missing or unusable; the message names it."""

    code = "not_configured"
    status = 503

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"{setting} {problem}")
        self.setting = setting


class MissingUser(ChatError):
    """The request names no user."""

    code = "missing_user"

    def __init__(self, status: int = 400) -> None:
        super().__init__("missing user id")
        self.status = status


class SignInRequired(ChatError):
    """App Service Authentication decides who a user is, and nobody is signed in."""

    code = "sign_in_required"
    status = 401


class InvalidName(ChatError):
    """A user id or a room name that the chat does not accept."""

    code = "invalid_name"


class NameTaken(ChatError):
    """The name of somebody who is here, or one that looks like it."""

    code = "name_taken"
    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(f"the name {name!r} is, or looks like, the name of somebody who is here; choose another one")


class TooManyConnections(ChatError):
    """The user has as many connections as one may have."""

    code = "too_many_connections"
    status = 429

    def __init__(self, limit: int) -> None:
        super().__init__(f"you have {limit} connections, the limit; close another page first")


class InvalidEvent(ChatError):
    """A request that is no CloudEvent of the service; the message names the header."""

    code = "invalid_event"


class InvalidRequest(ChatError):
    """A request over HTTP whose parameters or body are not of the documented form."""

    code = "invalid_request"


class AdminsOnly(ChatError):
    """A request that only a signed-in admin (`ChatAdmins`) may make."""

    code = "admins_only"
    status = 403

    def __init__(self) -> None:
        super().__init__("only admins may do this (setting ChatAdmins, under ChatAuth=easyauth)")


class UnknownJob(ChatError):
    """There is no such job, or it is older than a week."""

    code = "unknown_job"
    status = 404

    def __init__(self) -> None:
        super().__init__("there is no such job, or it is older than a week")


class UnknownPart(ChatError):
    """The export has no such part, or not yet."""

    code = "unknown_part"
    status = 404

    def __init__(self, number: int) -> None:
        super().__init__(f"the export has no part {number}, or not yet")


class BodyTooLarge(ChatError):
    """A body that is larger than any that the service delivers."""

    code = "body_too_large"
    status = 413

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"the body is {size} bytes, the limit is {limit}")


class Untrusted(ChatError):
    """An event that does not prove that it comes from our service."""

    code = "untrusted_event"
    status = 401


class UnknownHub(ChatError):
    """An event of a hub that this app does not serve."""

    code = "unknown_hub"
    status = 404

    def __init__(self, hub: str, expected: str) -> None:
        super().__init__(f"hub {hub!r} is not served here, only {expected!r}")


class OriginRefused(ChatError):
    """A validation request from a service that is not ours (CloudEvents abuse protection)."""

    code = "origin_refused"
    status = 403


class UnsupportedSubprotocol(ChatError):
    """A client that offered only unknown subprotocols."""

    code = "unsupported_subprotocol"


class UnknownEvent(ChatError):
    """A user event that no handler takes."""

    code = "unknown_event"


class InvalidMessage(ChatError):
    """A payload that is not of the documented form."""

    code = "invalid_message"


class EmptyMessage(ChatError):
    """A message without a visible character."""

    code = "message_empty"

    def __init__(self) -> None:
        super().__init__("the message is empty")


class MessageTooLong(ChatError):
    """A message over the limit."""

    code = "message_too_long"

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"the message is {size} bytes of UTF-8, the limit is {limit}")


class BinaryRefused(ChatError):
    """A binary message; the chat carries text."""

    code = "binary_not_supported"

    def __init__(self) -> None:
        super().__init__("binary messages are not supported; send text or JSON")


class UnknownRoom(ChatError):
    """There is no such room, or not for this user: both are told with the same words."""

    code = "unknown_room"
    status = 404

    def __init__(self, room: str) -> None:
        super().__init__(f"there is no room {room!r}")


class NotInRoom(ChatError):
    """The connection has not entered that room."""

    code = "not_in_room"

    def __init__(self, room: str | None) -> None:
        super().__init__(f"join {room!r} first" if room else "you are in no room; join one first")


class ServiceUnavailable(ChatError):
    """The Web PubSub service failed, or did not answer in time."""

    code = "service_unavailable"
    status = 503


class StorageUnavailable(ChatError):
    """Storage (tables, Durable Functions) failed, or did not answer in time.

    `may_have_happened` is False when the call certainly changed nothing.
    """

    code = "storage_unavailable"
    status = 503

    def __init__(self, message: str, *, may_have_happened: bool = True) -> None:
        super().__init__(message)
        self.may_have_happened = may_have_happened


class Unexpected(ChatError):
    """A defect of this app; the log has its traceback."""

    code = "internal_error"
    status = 500

    def __init__(self) -> None:
        super().__init__("something went wrong here; it has been logged")

"""What the service refuses: the published error codes with their HTTP status, and the formats of an error's body."""

import json
from enum import Enum
from xml.sax.saxutils import escape

_XML_NAMESPACE = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"


class ErrorCode(Enum):
    """A code, its HTTP status, and the text that the service gives when it has nothing more precise to say."""

    ATOM_FORMAT_NOT_SUPPORTED = ("AtomFormatNotSupported", 415, "Atom format is not supported.")
    AUTHENTICATION_FAILED = (
        "AuthenticationFailed",
        403,
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly"
        " including the signature.",
    )
    AUTHORIZATION_PERMISSION_MISMATCH = (
        "AuthorizationPermissionMismatch",
        403,
        "This request is not authorized to perform this operation using this permission.",
    )
    AUTHORIZATION_RESOURCE_TYPE_MISMATCH = (
        "AuthorizationResourceTypeMismatch",
        403,
        "This request is not authorized to perform this operation using this resource type.",
    )
    AUTHORIZATION_SERVICE_MISMATCH = (
        "AuthorizationServiceMismatch",
        403,
        "This request is not authorized to perform this operation using this service.",
    )
    COMMANDS_ON_DIFFERENT_PARTITIONS = (
        "CommandsInBatchActOnDifferentPartitions",
        400,
        "All commands in a batch must operate on same entity group.",
    )
    CORS_PREFLIGHT_FAILURE = (
        "CorsPreflightFailure",
        403,
        "CORS not enabled or no matching rule found for this request.",
    )
    ENTITY_ALREADY_EXISTS = ("EntityAlreadyExists", 409, "The specified entity already exists.")
    ENTITY_TOO_LARGE = ("EntityTooLarge", 400, "The entity is larger than the maximum allowed size (1MB).")
    INTERNAL_ERROR = ("InternalError", 500, "Server encountered an internal error. Please try again after some time.")
    INVALID_AUTHENTICATION_INFO = (
        "InvalidAuthenticationInfo",
        401,
        "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
    )
    INVALID_DUPLICATE_ROW = (
        "InvalidDuplicateRow",
        400,
        "The batch request contains multiple changes with same row key. An entity can appear only once in a batch"
        " request.",
    )
    INVALID_INPUT = ("InvalidInput", 400, "One of the request inputs is not valid.")
    INVALID_RESOURCE_NAME = (
        "InvalidResourceName",
        400,
        "The specifed resource name contains invalid characters.",  # The service spells it so, and SDKs compare it.
    )
    INVALID_XML_DOCUMENT = ("InvalidXmlDocument", 400, "XML specified is not syntactically valid.")
    KEY_BASED_AUTHENTICATION_NOT_PERMITTED = (
        "KeyBasedAuthenticationNotPermitted",
        403,
        "Key based authentication is not permitted on this storage account.",
    )
    NOT_IMPLEMENTED = (
        "NotImplemented",
        501,
        "The requested operation is not implemented on the specified resource.",
    )
    OUT_OF_RANGE_INPUT = ("OutOfRangeInput", 400, "One of the request inputs is out of range.")
    PROPERTIES_NEED_VALUE = (
        "PropertiesNeedValue",
        400,
        "The values are not specified for all properties in the entity.",
    )
    PROPERTY_NAME_INVALID = ("PropertyNameInvalid", 400, "The property name is invalid.")
    PROPERTY_NAME_TOO_LONG = (
        "PropertyNameTooLong",
        400,
        "The property name exceeds the maximum allowed length (255).",
    )
    PROPERTY_VALUE_TOO_LARGE = (
        "PropertyValueTooLarge",
        400,
        "The property value exceeds the maximum allowed size (64KB). If the property value is a string, it is UTF-16"
        " encoded and the maximum number of characters should be 32K or less.",
    )
    REQUEST_BODY_TOO_LARGE = (
        "RequestBodyTooLarge",
        413,
        "The request body is too large and exceeds the maximum permissible limit.",
    )
    RESOURCE_NOT_FOUND = ("ResourceNotFound", 404, "The specified resource does not exist.")
    SERVER_BUSY = (
        "ServerBusy",
        503,
        "The server is currently unable to receive requests. Please retry your request.",
    )
    TABLE_ALREADY_EXISTS = ("TableAlreadyExists", 409, "The table specified already exists.")
    TABLE_NOT_FOUND = ("TableNotFound", 404, "The table specified does not exist.")
    TOO_MANY_PROPERTIES = (
        "TooManyProperties",
        400,
        "The entity contains more properties than allowed. Each entity can include up to 252 properties to store data."
        " Each entity also has 3 system properties.",
    )
    UNSUPPORTED_HTTP_VERB = (
        "UnsupportedHttpVerb",
        405,
        "The resource doesn't support specified Http Verb.",
    )
    UPDATE_CONDITION_NOT_SATISFIED = (
        "UpdateConditionNotSatisfied",
        412,
        "The update condition specified in the request was not satisfied.",
    )

    @property
    def code(self) -> str:
        """The code in the error's body."""
        return self.value[0]

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return self.value[1]


class TableError(Exception):
    """A request that the service refuses; `message` is what the caller reads."""

    def __init__(self, code: ErrorCode, message: str | None = None) -> None:
        self.code = code
        self.message = message or code.value[2]
        super().__init__(f"{code.code}: {self.message}")


class OperationFailed(Exception):
    """The operation of a transaction that failed, by its index from 0, and why."""

    def __init__(self, index: int, error: TableError) -> None:
        self.index = index
        self.error = error
        super().__init__(f"{index}: {error}")


def invalid_input(message: str | None = None) -> TableError:
    """Return the refusal of a request that is malformed."""
    return TableError(ErrorCode.INVALID_INPUT, message)


def error_message(message: str, request_id: str, time: str) -> str:
    """Return the text of an error with the two lines that the service adds."""
    return f"{message}\nRequestId:{request_id}\nTime:{time}"


def error_json(code: str, message: str) -> str:
    """Return an error's body for a caller that accepts JSON."""
    return json.dumps({"odata.error": {"code": code, "message": {"lang": "en-US", "value": message}}})


def error_xml(code: str, message: str) -> str:
    """Return an error's body for a caller that does not accept JSON."""
    return (
        '<?xml version="1.0" encoding="utf-8" standalone="yes"?>'
        f'<error xmlns="{_XML_NAMESPACE}"><code>{code}</code>'
        f'<message xml:lang="en-US">{escape(message)}</message></error>'
    )

"""An HTTP call as a curl command, with placeholders in place of secrets."""

import base64
import re
from collections.abc import Mapping

from local_azure.http_redaction import MASK
from local_azure.webpubsub.inspector.exchanges import Exchange
from local_azure.webpubsub.inspector.redaction import Redactor

MAX_BODY_BYTES = 64 * 1024
_NOT_WRITTEN = frozenset(("host", "content-length", "connection", "transfer-encoding"))
_PLACEHOLDERS = {"authorization": "ACCESS_TOKEN", "access_token": "ACCESS_TOKEN", "ce-signature": "SIGNATURE"}
_SPECIAL = re.compile(r'(["\\$`!])')
_MASKED_PARAMETER = re.compile(r"([^&=#?/;]*)=" + re.escape(MASK))


def curl_command(exchange: Exchange, redactor: Redactor) -> str:
    """Return the command for a POSIX shell, which sends the same request.

    Set the variables in it to send it: `$ACCESS_TOKEN` is a token, `$SIGNATURE` a signature, any other is the value of
    the header or parameter of that name. Of a body over 64 KiB only the start is written, and the command says so.
    """
    lines = [f"curl --request {exchange.method} {_url(redactor.redact_url(exchange.url))}"]
    for name, value in redactor.redact_headers(exchange.request_pairs()):
        if name.lower() not in _NOT_WRITTEN:
            # curl leaves out a header whose value is empty, unless its name ends with a semicolon.
            lines.append(f"--header {_header(name, value)}" if value else f"--header {_quoted(name + ';')}")
    if not exchange.request_body:
        return _joined(lines)
    body = redactor.redact(exchange.request_body, MAX_BODY_BYTES)
    note = f"# The body is cut: these are {MAX_BODY_BYTES} of {body.size} bytes at most.\n" if body.is_truncated else ""
    if body.form == "hex":
        encoded = base64.b64encode(bytes.fromhex(body.text)).decode()
        return f"{note}echo {encoded} | base64 --decode | {_joined([*lines, '--data-binary @-'])}"
    if "\0" in body.text:
        encoded = base64.b64encode(body.text.encode()).decode()
        return f"{note}echo {encoded} | base64 --decode | {_joined([*lines, '--data-binary @-'])}"
    # Without an @ at its start, which curl takes for the name of a file.
    return f"{note}{_joined([*lines, f'--data-raw {_quoted(body.text)}'])}"


def placeholder(name: str, placeholders: Mapping[str, str] = _PLACEHOLDERS) -> str:
    """Return the shell variable that stands for the value of a secret header or parameter."""
    lowered = name.lower()
    if lowered in placeholders:
        return placeholders[lowered]
    return "SIGNATURE" if lowered in ("sig", "signature") else _variable_name(name)


def _header(name: str, value: str) -> str:
    return _with_variable(f"{name}: {value}", placeholder(name)) if MASK in value else _quoted(f"{name}: {value}")


def _url(url: str) -> str:
    if MASK not in url:
        return _quoted(url)
    text = url.replace(f"://{MASK}@", "://$USER_INFO@")
    text = _MASKED_PARAMETER.sub(lambda match: f"{match.group(1)}=${{{placeholder(match.group(1))}}}", text)
    return '"' + re.sub(r'(["\\`!])', r"\\\1", text) + '"'


def _with_variable(text: str, variable: str) -> str:
    """Return a text in double quotes, in which a variable stands in place of each mask."""
    parts = [_SPECIAL.sub(r"\\\1", part) for part in text.split(MASK)]
    return '"' + f"${variable}".join(parts) + '"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _joined(lines: list[str]) -> str:
    return " \\\n  ".join(lines) + "\n"


def _variable_name(name: str) -> str:
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").upper() or "SECRET"

"""Do we believe that a request comes from our service? One named way (`ChatWebhookTrust`), or nobody is believed.

`signature` checks `ce-signature` with the access keys. `identity` checks the bearer token that the service's managed
identity got for our application. `functionkey` leaves it to the Functions host, which then demands the route's key.
"""

from collections.abc import Mapping

from chat.errors import Untrusted
from chat.settings import Settings, Trust
from chat.signing import signature_matches


async def verify_sender(headers: Mapping[str, str], connection_id: str, settings: Settings) -> None:
    """Return when the event is believed; raises Untrusted (401) or NotConfigured (503). Header names are lower case."""
    match settings.trust:
        case Trust.SIGNATURE:
            verify_signature(headers.get("ce-signature", ""), connection_id, settings)
        case Trust.IDENTITY:
            from chat.entra import verify_bearer_token

            await verify_bearer_token(headers.get("authorization", ""), settings)
        case Trust.FUNCTION_KEY:
            return


def verify_signature(header: str, connection_id: str, settings: Settings) -> None:
    """Return when one of our keys made the signature; raises Untrusted."""
    if not header:
        raise Untrusted("the ce-signature header is missing")
    if not signature_matches(header, connection_id, settings.access_keys):
        raise Untrusted("the ce-signature was not made with our access key")

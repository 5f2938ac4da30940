"""A message can be followed: the calls that an event causes carry the event's request id on."""

from local_azure.webpubsub.observations import Observation, RestCalled, WebhookCalled
from tests.chat.local_chat import run_chat, until


async def test_the_rest_call_that_a_message_causes_has_the_request_id_of_its_event() -> None:
    seen: list[Observation] = []
    async with run_chat() as chat:
        ana = await chat.open("ana")
        chat.service.observations.subscribe(seen.append)
        await ana.ask("message", "hello")
        await until(lambda: any(isinstance(record, WebhookCalled) and "message" in record.event for record in seen))

    (event,) = [record for record in seen if isinstance(record, WebhookCalled) and "message" in record.event]
    sends = [record for record in seen if isinstance(record, RestCalled) and record.path.endswith("/:send")]
    assert [send.status for send in sends if send.request_id == event.request_id] == [202]

"""The sample app's entities, in a blueprint."""

# The SDK's decorators are untyped.
# mypy: disable-error-code="untyped-decorator, import-untyped"

import threading
import time

import azure.durable_functions as df

bp = df.Blueprint()

running: dict[str, int] = {}
overlaps: list[str] = []
# With these a test delays an operation, so that others wait in the queue.
operation_reached = threading.Event()
operation_may_go_on = threading.Event()


@bp.entity_trigger(context_name="context")
def Tally(context: df.DurableEntityContext) -> None:  # noqa: N802 - entity names are capitalised here
    """Counts; its operations also show how the SDK treats errors, missing input and deletion."""
    value = context.get_state(lambda: 0)
    match context.operation_name:
        case "add":
            value += context.get_input()
            context.set_state(value)
            context.set_result(value)
        case "get":
            context.set_result(value)
        case "set_then_fail":
            context.set_state(context.get_input())
            raise ValueError("set, then failed")
        case "reset":
            context.set_state(0)
            context.set_result(None)
        case "delete":
            context.destruct_on_exit()
        case "hold":
            operation_reached.set()
            operation_may_go_on.wait(timeout=10)
        case "unserialisable":
            context.set_state({1, 2})
        case other:
            raise ValueError(f"no operation {other}")


@bp.entity_trigger(context_name="context", entity_name="Journal")
def journal_entity(context: df.DurableEntityContext) -> None:
    """Keeps the inputs of its operations in order and notices if two batches overlap."""
    key = context.entity_key
    running[key] = running.get(key, 0) + 1
    if running[key] > 1:
        overlaps.append(key)
    entries = context.get_state(list)
    if context.operation_name == "slow":
        time.sleep(0.02)
    entries.append(context.get_input())
    context.set_state(entries)
    context.set_result(len(entries))
    running[key] -= 1


# Two operations meet here, which they can only if they run at the same time.
barrier = threading.Barrier(2)


@bp.entity_trigger(context_name="context")
def Meeting(context: df.DurableEntityContext) -> None:  # noqa: N802
    barrier.wait(timeout=10)
    context.set_state("met")

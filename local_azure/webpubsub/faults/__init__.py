"""Fault injection: late, lost, repeated or reordered events, failing REST calls, closed sockets.

Each fault has a scope and an end. `service.faults.add(Delay(0.2, scope=Scope(event="message"), count=3))` does the same
as `python -m local_azure.webpubsub --fault "delay webhook 200ms event=message count=3"`.
"""

from local_azure.faults import ActiveFault, Fault, InvalidFault, Scope, format_fault
from local_azure.webpubsub.faults.injector import FaultInjector
from local_azure.webpubsub.faults.rules import (
    FORMS,
    KINDS,
    Cut,
    Delay,
    Drop,
    Duplicate,
    ExpireToken,
    FailRest,
    LoseDisconnected,
    RefuseRecovery,
    Reorder,
    SlowRest,
)

__all__ = [
    "FORMS",
    "KINDS",
    "ActiveFault",
    "Cut",
    "Delay",
    "Drop",
    "Duplicate",
    "ExpireToken",
    "FailRest",
    "Fault",
    "FaultInjector",
    "InvalidFault",
    "LoseDisconnected",
    "RefuseRecovery",
    "Reorder",
    "Scope",
    "SlowRest",
    "format_fault",
]

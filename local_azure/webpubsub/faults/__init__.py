"""Fault injection: late, lost, repeated or reordered events, failing REST calls, closed sockets.

Each fault has a scope and an end. `service.faults.add(Delay(0.2, scope=Scope(event="message"), count=3))` does the same
as `python -m local_azure.webpubsub --fault "delay webhook 200ms event=message count=3"`.
"""

from local_azure.webpubsub.faults.active_faults import ActiveFault
from local_azure.webpubsub.faults.grammar import FORMS, format_fault, parse_fault
from local_azure.webpubsub.faults.injector import FaultInjector
from local_azure.webpubsub.faults.option import add_fault_option
from local_azure.webpubsub.faults.rules import (
    Cut,
    Delay,
    Drop,
    Duplicate,
    ExpireToken,
    FailRest,
    Fault,
    InvalidFault,
    LoseDisconnected,
    RefuseRecovery,
    Reorder,
    Scope,
    SlowRest,
)

__all__ = [
    "FORMS",
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
    "add_fault_option",
    "format_fault",
    "parse_fault",
]

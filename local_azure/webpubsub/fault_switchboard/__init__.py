"""Make things go wrong on purpose: late, lost, repeated or reordered events, failing REST calls, cut sockets.

Each fault has a scope and an end. `service.faults.add(Delay(0.2, scope=Scope(event="message"), count=3))` does the same
as `python -m local_azure.webpubsub --fault "delay webhook 200ms event=message count=3"`.
"""

from local_azure.webpubsub.fault_switchboard.grammar import FORMS, fault_text, parse_fault
from local_azure.webpubsub.fault_switchboard.hook import FaultSwitchboard
from local_azure.webpubsub.fault_switchboard.option import add_fault_option
from local_azure.webpubsub.fault_switchboard.rules import (
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
from local_azure.webpubsub.fault_switchboard.switchboard import Armed

__all__ = [
    "FORMS",
    "Armed",
    "Cut",
    "Delay",
    "Drop",
    "Duplicate",
    "ExpireToken",
    "FailRest",
    "Fault",
    "FaultSwitchboard",
    "InvalidFault",
    "LoseDisconnected",
    "RefuseRecovery",
    "Reorder",
    "Scope",
    "SlowRest",
    "add_fault_option",
    "fault_text",
    "parse_fault",
]

"""Fault injection into Table storage: late, failed, throttled and cut calls; done or not done.

`service.faults.add(Delay(0.2, scope=Scope(operation="transaction"), count=3))` does the same as
`python -m local_azure.tables --fault "delay storage 200ms operation=transaction count=3"`.
"""

from local_azure.faults import ActiveFault, Fault, InvalidFault, Scope, format_fault
from local_azure.tables.faults.injector import ConnectionCut, FaultInjector
from local_azure.tables.faults.rules import FORMS, KINDS, Cut, Delay, Fail, Throttle

__all__ = [
    "FORMS",
    "KINDS",
    "ActiveFault",
    "ConnectionCut",
    "Cut",
    "Delay",
    "Fail",
    "Fault",
    "FaultInjector",
    "InvalidFault",
    "Scope",
    "Throttle",
    "format_fault",
]

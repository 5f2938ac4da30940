"""What the faults of every service share: their values and their end, their line of text, the registry of active ones.

A service adds its own kinds of faults, and injects them: `local_azure.webpubsub.faults`, `local_azure.tables.faults`.
"""

from local_azure.faults.active_faults import ActiveFault
from local_azure.faults.grammar import format_fault, forms_of, parse_fault
from local_azure.faults.option import add_fault_option
from local_azure.faults.registry import FaultRegistry
from local_azure.faults.rules import Fault, FaultTarget, InjectionPoint, Scope
from local_azure.faults.values import InvalidFault

__all__ = [
    "ActiveFault",
    "Fault",
    "FaultRegistry",
    "FaultTarget",
    "InjectionPoint",
    "InvalidFault",
    "Scope",
    "add_fault_option",
    "format_fault",
    "forms_of",
    "parse_fault",
]

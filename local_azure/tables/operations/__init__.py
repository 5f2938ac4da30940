"""From a request to the store and back to an answer, without a socket."""

from local_azure.tables.operations.dispatch import OPERATION_NAMES, Operation, find_operation, find_table

__all__ = ["OPERATION_NAMES", "Operation", "find_operation", "find_table"]

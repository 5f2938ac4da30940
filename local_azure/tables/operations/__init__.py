"""From a request to the store and back to an answer, without a socket."""

from local_azure.tables.operations.dispatch import answer

__all__ = ["answer"]

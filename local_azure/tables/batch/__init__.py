"""The multipart bodies of `$batch`: reading a request's operations, and writing the answer's parts."""

from local_azure.tables.batch.parser import BatchOperation, OperationHead, ParsedBatch, parse_batch
from local_azure.tables.batch.responses import change_set_response, query_response

__all__ = ["BatchOperation", "OperationHead", "ParsedBatch", "change_set_response", "parse_batch", "query_response"]

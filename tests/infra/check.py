"""All checks of the Bicep files together."""

from collections.abc import Mapping

from tests.infra.bicep_values import Declaration, Document, Resource
from tests.infra.expression_types import Expressions
from tests.infra.resource_check import Finding, ResourceCheck, check_resources
from tests.infra.start_check import check_start
from tests.infra.symbol_check import SymbolCheck, check_symbols
from tests.infra.type_data import read_type_data


def check_document(document: Document, documents: Mapping[str, Document]) -> list[Finding]:
    """Return what is wrong in a document; `documents` are all files by their names, for its modules."""
    types = read_type_data()
    findings = check_resources(document, documents, types) + check_symbols(document, documents, types)
    return sorted(set(findings + check_start(document)))


def check_documents(documents: Mapping[str, Document]) -> list[Finding]:
    """Return what is wrong in all of the documents."""
    return [finding for document in documents.values() for finding in check_document(document, documents)]


def check_declaration(declaration: Declaration, document: Document, documents: Mapping[str, Document]) -> list[Finding]:
    """Return what is wrong in one declaration; only the whole document shows what others see of it."""
    types = read_type_data()
    expressions = Expressions(document, documents, types)
    symbols, resources = SymbolCheck(document, documents, expressions), ResourceCheck(document, types, expressions)
    symbols.check_declaration(declaration)
    if isinstance(declaration, Resource):
        resources.check_resource(declaration)
    return symbols.findings + resources.findings

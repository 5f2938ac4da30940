"""`python -m conformance.tables`: the smaller set, for Table storage."""

import argparse
import asyncio
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp

from conformance.report import summary, table, write_results
from conformance.results import Result, find_result
from conformance.tables.account import Account, InvalidStorageConnectionString, TablesContext, parse_account
from conformance.tables.cases import TableCase, all_table_cases
from conformance.target import read_statements

CASE_SECONDS = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases and print the table; return 0, 1 when something differs unexpectedly, 2 for a wrong option."""
    options = _parser().parse_args(arguments)
    try:
        account = parse_account(options.connection_string)
        results = asyncio.run(run_table_cases(account, read_statements(options.target).differences))
    except (InvalidStorageConnectionString, OSError, aiohttp.ClientConnectionError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    about = {"target": options.target, "endpoint": account.endpoint, "date": time.strftime("%Y-%m-%d", time.gmtime())}
    write_results(results, about, options.json, options.markdown)
    print(table(results if options.verbose else [result for result in results if result.status != "pass"]))
    print(summary(results))
    return 1 if any(result.status == "differs" for result in results) else 0


async def run_table_cases(account: Account, stated: Mapping[str, str] | None = None) -> list[Result]:
    """Return the results in the order of the cases, which run at the same time, each with a table of its own.

    Raises `aiohttp.ClientConnectionError` when nothing answers.
    """
    known = stated or {}
    async with aiohttp.ClientSession() as http:
        await TablesContext(account, "", http).call("GET", "Tables")
        return await asyncio.gather(*(_run(case, account, http, known) for case in all_table_cases()))


async def _run(case: TableCase, account: Account, http: aiohttp.ClientSession, stated: Mapping[str, str]) -> Result:
    context = TablesContext(account, f"c{secrets.token_hex(6)}", http)

    async def look() -> None:
        await context.succeed(201, "POST", "Tables", {"TableName": context.table})
        try:
            await case.run(context)
        finally:
            await context.call("DELETE", f"Tables('{context.table}')")

    return await find_result(case.number, case.title, look(), seconds=CASE_SECONDS, stated=stated.get(case.number, ""))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="conformance.tables", description="Look whether a Table storage does what is documented."
    )
    parser.add_argument("--connection-string", default="UseDevelopmentStorage=true", help="of the storage account")
    parser.add_argument("--target", choices=("local", "azurite", "cloud"), default="local")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the results as Markdown")
    parser.add_argument("--verbose", action="store_true", help="print what passes too")
    return parser


if __name__ == "__main__":
    sys.exit(main())

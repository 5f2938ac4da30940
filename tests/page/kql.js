// Checks queries in KQL with Microsoft's parser: reads `{"tables": {name: schema}, "queries": {name: text}}` from the
// standard input, writes `{name: [problem]}` of the queries that have problems. A column, a table or a function that
// does not exist is one.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// The packages define globals, and the second needs those of the first.
const require = createRequire(import.meta.url);
require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
const { Bridge, Kusto } = globalThis;
const { GlobalState, KustoCode, Symbols } = Kusto.Language;

const { tables, queries } = JSON.parse(readFileSync(0, "utf8"));
const symbols = Object.entries(tables).map(([name, schema]) => new Symbols.TableSymbol.$ctor7(name, schema, null));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("database", symbols));

/** Return what is wrong with a query, each with the text that it is about. */
function problemsOf(text) {
  const diagnostics = Bridge.toArray(KustoCode.ParseAndAnalyze(text, globals).GetDiagnostics());
  return diagnostics.map(({ Message, Start, Length }) => `${Message} (${text.substr(Start, Length)})`);
}

const checked = Object.entries(queries).map(([name, text]) => [name, problemsOf(text)]);
process.stdout.write(JSON.stringify(Object.fromEntries(checked.filter(([, problems]) => problems.length))));

"""The report: a line for each finding, or all of them as JSON, and the exit code."""

import json
from collections import Counter
from collections.abc import Sequence

from doctor.findings import Finding, Verdict

PAGE = "docs/troubleshooting.md"
VERSION = 1
"""Of the JSON document: it changes when a field changes its meaning."""
EXIT_OK, EXIT_WRONG, EXIT_USAGE, EXIT_UNKNOWN = 0, 1, 2, 3


def format_line(finding: Finding) -> str:
    """Return the line of one finding: verdict, check, time, what was seen, what to do, where to read more."""
    took = "" if finding.milliseconds is None else f" ({finding.milliseconds:.0f} ms)"
    parts = [f"{finding.verdict:<11}  {finding.check:<26}  {_one_line(finding.seen)}{took}"]
    if finding.fix:
        parts.append(f"{'Note' if finding.verdict is Verdict.OK else 'Fix'}: {_one_line(finding.fix)}")
    if finding.symptom and finding.verdict is not Verdict.OK:
        parts.append(link(finding))
    return " | ".join(parts)


def format_summary(findings: Sequence[Finding]) -> str:
    """Return the last line: how many findings have which verdict."""
    counts = Counter(finding.verdict for finding in findings)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict)


def to_json(findings: Sequence[Finding]) -> str:
    """Return the document for programs: `{"version", "status", "findings": [{check, verdict, seen, fix, link, …}]}`."""
    content = {
        "version": VERSION,
        "status": overall(findings),
        "findings": [
            {
                "check": finding.check,
                "verdict": finding.verdict,
                "seen": finding.seen,
                "fix": finding.fix,
                "symptom": finding.symptom,
                "link": link(finding) if finding.symptom else "",
                "milliseconds": finding.milliseconds,
            }
            for finding in findings
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def overall(findings: Sequence[Finding]) -> Verdict:
    """Return the verdict of all together: wrong if anything is, else unknown if anything is."""
    verdicts = {finding.verdict for finding in findings}
    return next((verdict for verdict in (Verdict.WRONG, Verdict.UNKNOWN) if verdict in verdicts), Verdict.OK)


def exit_code(findings: Sequence[Finding]) -> int:
    """Return 0 when all is well, 1 when something is wrong, 3 when nothing is and something could not be told."""
    return {Verdict.OK: EXIT_OK, Verdict.WRONG: EXIT_WRONG, Verdict.UNKNOWN: EXIT_UNKNOWN}[overall(findings)]


def link(finding: Finding) -> str:
    """Return where the finding's symptom is explained: a path in the repository and an anchor."""
    return f"{PAGE}#{finding.symptom}"


def _one_line(text: str) -> str:
    return " ".join(text.split())

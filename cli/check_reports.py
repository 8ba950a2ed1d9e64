"""The report files of `incline check --report`, and its annotations: every format from one result."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.output import say
from cli.project import near
from infra.errors import InclineError

if TYPE_CHECKING:
    from cli.check_evidence import Checked
    from policies.baseline import Comparison
    from policies.evaluate import Result
    from policies.evidence import Evidence
    from policies.reports.rows import Repairs

FILES = ("report.html", "report.md", "report.json", "report.sarif", "report.junit.xml")
"""What a report folder holds."""


def write_reports(
    folder: Path, checked: Checked, *, comparison: Comparison | None = None, repairs: Repairs | None = None, strict: bool = False
) -> Path:
    """Write every format into a folder; answers the page.

    Args:
        folder: made when it is not there.
        checked: what was judged, and what came out.
        comparison: the findings against a baseline.
        repairs: changes that make failed verdicts pass, by rule and target, in words.
        strict: undetermined verdicts are errors in JUnit.

    Raises:
        InclineError: the folder cannot be written (INC-5040).
    """
    texts = _texts(checked, comparison, repairs, strict=strict)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            (folder / name).write_text(texts[name], encoding="utf-8")
    except OSError as error:
        raise InclineError(
            f"{folder}: the reports cannot be written: {error.strerror}", code="INC-5040", next_step="name another folder with --report"
        ) from error
    say(f"report: {near(folder / FILES[0])}, and {', '.join(name.removeprefix('report.') for name in FILES[1:])} beside it")
    return folder / FILES[0]


def _texts(checked: Checked, comparison: Comparison | None, repairs: Repairs | None, *, strict: bool) -> dict[str, str]:
    from policies.bundle import report_hash  # noqa: PLC0415 - help and completion stay fast
    from policies.reports.build import build_report  # noqa: PLC0415
    from policies.reports.data import report_data  # noqa: PLC0415
    from policies.reports.failures import failure_cases  # noqa: PLC0415
    from policies.reports.html import to_html  # noqa: PLC0415
    from policies.reports.junit import to_junit  # noqa: PLC0415
    from policies.reports.markdown import to_markdown  # noqa: PLC0415
    from policies.reports.sarif import to_sarif  # noqa: PLC0415

    result, evidence = checked.result, checked.evidence
    base, prefix = forge_address(os.environ), source_prefix(os.environ)
    report = build_report(
        checked.title,
        result,
        datetime.now(UTC),
        evidence=evidence,
        before=checked.before,
        moments=checked.steps,
        failures=failure_cases(evidence),
        comparison=comparison,
        repairs=repairs,
        source_base=base,
    )
    sarif = to_sarif(result, evidence, comparison=comparison, prefix=prefix, base=base)
    data = report_data(report, result, report_hash(checked.moments, result, checked.before))
    return {
        "report.html": to_html(report),
        "report.md": to_markdown(report),
        "report.json": json.dumps(data, indent=1) + "\n",
        "report.sarif": json.dumps(sarif, indent=1) + "\n",
        "report.junit.xml": to_junit(result, evidence, strict=strict, prefix=prefix),
    }


def print_annotations(result: Result, evidence: Evidence) -> None:
    """GitHub's workflow commands, to stderr: the runner reads both streams, and stdout stays data."""
    from policies.reports.annotations import github_annotations  # noqa: PLC0415

    for line in github_annotations(result, evidence, prefix=source_prefix(os.environ)):
        say(line)


def forge_address(environ: Mapping[str, str]) -> str:
    """Where the forge of this pipeline shows the repository's files at this commit; empty outside of one. Links need it, nothing else."""
    if environ.get("GITHUB_REPOSITORY") and environ.get("GITHUB_SHA"):
        server = environ.get("GITHUB_SERVER_URL", "https://github.com")
        return f"{server}/{environ['GITHUB_REPOSITORY']}/blob/{environ['GITHUB_SHA']}"
    if environ.get("CI_PROJECT_URL") and environ.get("CI_COMMIT_SHA"):
        return f"{environ['CI_PROJECT_URL']}/-/blob/{environ['CI_COMMIT_SHA']}"
    return ""


def source_prefix(environ: Mapping[str, str]) -> str:
    """The folder of the repository that holds the estate, when it is not its root: INCLINE_SOURCE_PREFIX."""
    return environ.get("INCLINE_SOURCE_PREFIX", "")

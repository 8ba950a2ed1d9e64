"""`incline rules`: the list of the rules, one rule's page, and the generated pages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.command import closing_lines, new_app
from cli.output import emit, say, say_next, styled
from cli.project import project_root
from infra.errors import InclineError

if TYPE_CHECKING:
    from policies.rule import Rule
    from policies.verdict import Verdict

app = new_app("The rules: list them, explain one.", examples=("incline rules list", "incline rules show CAP-001"))

COLOURS = {"critical": "red", "high": "red", "medium": "yellow", "low": "dim"}
FAMILIES = ("CAP", "REL", "MIG", "SEC", "TAG", "CST")
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def complete_rule(incomplete: str) -> list[str]:
    """For the shell: the rules whose id begins so."""
    from policies.rules import RULES  # noqa: PLC0415 - help stays fast

    return [rule.id for rule in RULES if rule.id.startswith(incomplete.upper())]


@app.command("list", epilog=closing_lines("incline rules list", "incline rules list --family REL --json"))
def list_command(
    family: Annotated[str, typer.Option(metavar="FAMILY", help="Only CAP, REL, MIG, SEC, TAG or CST.")] = "",
    severity: Annotated[str, typer.Option(metavar="SEVERITY", help="Only critical, high, medium or low.")] = "",
    json_mode: JsonOption = False,
) -> None:
    """List every rule with its severity and what it says."""
    from policies.rules import RULES  # noqa: PLC0415

    _one_of(family.upper(), FAMILIES, "--family")
    _one_of(severity.lower(), tuple(COLOURS), "--severity")
    chosen = [r for r in RULES if r.id.startswith(family.upper()) and severity.lower() in {"", r.severity.value}]
    emit({"schema": "incline.rules/1", "rules": [_data(r) for r in chosen]}, lambda: _table(chosen), json_mode)


@app.command("show", epilog=closing_lines("incline rules show CAP-001", "incline rules show cap-001-failover-capacity --json"))
def show_command(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule's id, or its name in Pulumi.", autocompletion=complete_rule)],
    json_mode: JsonOption = False,
) -> None:
    """Explain one rule: formula, evidence, parameters, examples."""
    from policies.examples.cases import cases_of  # noqa: PLC0415
    from policies.pages import page, verdict_of  # noqa: PLC0415

    found = find_rule(rule)
    data = {"schema": "incline.rule/1", **_data(found), "examples": [_example(c.says, verdict_of(c, found)) for c in cases_of(found.id)]}
    emit(data, lambda: page(found), json_mode)


@app.command("pages", epilog=closing_lines("incline rules pages", "incline rules pages --out docs/rules --yes"))
def pages_command(
    out: Annotated[Path | None, typer.Option(help="The folder of the pages; docs/rules unless given.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write them; without this the command only names those that differ.")] = False,
    json_mode: JsonOption = False,
) -> None:
    """Write a page for every rule. Says which ones are out of date."""
    from infra.atomic import replace_file  # noqa: PLC0415

    folder = out or project_root() / "docs" / "rules"
    say("work out the examples of every rule ...", style="dim")
    wanted = wanted_pages()
    stale = [name for name, text in wanted.items() if not (folder / name).is_file() or (folder / name).read_text("utf-8") != text]
    extra = sorted(p.name for p in folder.glob("*.md") if p.name not in wanted) if folder.is_dir() else []
    if yes:
        for name in stale:
            replace_file(folder / name, wanted[name])
    for name in extra:
        say(f"{name}: no rule has this page; delete it")
    done = "written" if yes else "out of date"
    emit(
        {"schema": "incline.rule-pages/1", done.replace(" ", "_"): stale, "extra": extra},
        lambda: f"{len(stale)} of {len(wanted)} pages {done}",
        json_mode,
    )
    if stale and not yes:
        say_next("incline rules pages --yes")


def wanted_pages() -> dict[str, str]:
    """The pages as they should be, by file name."""
    from policies.pages import index, page  # noqa: PLC0415
    from policies.rules import RULES  # noqa: PLC0415

    return {"README.md": index(RULES), **{f"{rule.id}.md": page(rule) for rule in RULES}}


def find_rule(given: str) -> Rule:
    """A rule by id or by its name in Pulumi.

    Raises:
        InclineError: there is no such rule (INC-5015).
    """
    from infra.estate.problems import did_you_mean  # noqa: PLC0415
    from policies.rules import RULES  # noqa: PLC0415

    named = {rule.id: rule for rule in RULES} | {f"{rule.id.lower()}-{rule.name}": rule for rule in RULES}
    found = named.get(given.upper()) or named.get(given.lower())
    if found is None:
        raise InclineError(f"{given}: no such rule", code="INC-5015", next_step=did_you_mean(given.upper(), [r.id for r in RULES]))
    return found


def _one_of(given: str, choices: tuple[str, ...], option: str) -> None:
    if given and given not in choices:
        raise InclineError(f"{option} {given}: no such choice", code="INC-5016", next_step=f"give one of {', '.join(choices)}")


def _data(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "title": rule.title,
        "severity": rule.severity.value,
        "side": rule.side,
        "controls": list(rule.controls),
        "needs": list(rule.needs),
        "formula": rule.formula,
        "source": rule.source,
        "remedy": rule.remedy,
        "parameters": {name: {"default": p.default, "reason": p.reason} for name, p in rule.parameters.items()},
    }


def _example(says: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "says": says,
        "outcome": verdict.outcome.value,
        "target": verdict.target,
        "message": verdict.message,
        "formula": verdict.formula,
    }


def _table(rules: list[Rule]) -> str:
    lines = [f"{rule.id}  {styled(f'{rule.severity:<8}', COLOURS[rule.severity], sys.stdout)}  {rule.title}" for rule in rules]
    return "\n".join([*lines, f"{len(rules)} rules; a rule's page:  incline rules show {rules[0].id if rules else 'CAP-001'}"])

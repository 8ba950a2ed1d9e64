"""The page of a rule: what it says, why, what it needs, what it answers for examples. Generated, so that it cannot differ from the rule."""

from __future__ import annotations

from collections.abc import Iterator

from policies.controls import CONTROLS
from policies.evaluate import evaluate
from policies.examples.case import Case
from policies.examples.cases import cases_of
from policies.rule import Rule
from policies.verdict import Verdict

SIDES = {"vsphere": "vSphere", "aws": "AWS", "both": "vSphere and AWS", "move": "moves"}


def page(rule: Rule) -> str:
    """The rule's page as Markdown."""
    effect = "blocks a change" if rule.severity.blocks else "advice"
    parts = [
        f"# {rule.id} {rule.title}\n",
        f"Severity **{rule.severity}** ({effect}); speaks of {SIDES[rule.side]}; Pulumi policy `{rule.id.lower()}-{rule.name}`.\n",
        f"**Formula.** {rule.formula}\n\n**From.** {rule.source}\n",
        *_needs(rule),
        f"**When it fails.** {_capital(rule.remedy)}.\n",
        *_parameters(rule),
        "## Controls\n\n" + "\n".join(f"- {control}: {CONTROLS.get(control, '')}" for control in rule.controls) + "\n"
        if rule.controls
        else "## Controls\n\nNone: this rule is about cost, not about a control.\n",
        *_examples(rule),
        "Made by `incline rules pages --yes`.\n",
    ]
    return "\n".join(parts)


def index(rules: tuple[Rule, ...]) -> str:
    """The list of all rules as Markdown."""
    rows = "\n".join(f"| [{r.id}]({r.id}.md) | {r.title} | {r.severity} | {SIDES[r.side]} |" for r in rules)
    lines = (
        f"# The {len(rules)} rules\n",
        "One rule set judges previews, move plans and the live estate. Parameters stand in `estate/standards.yaml` under `rules:`.\n",
        f"| Rule | Says | Severity | Side |\n|---|---|---|---|\n{rows}\n",
        "Made by `incline rules pages --yes`.\n",
    )
    return "\n".join(lines)


def verdict_of(case: Case, rule: Rule) -> Verdict:
    """What the rule answers for an example.

    Raises:
        LookupError: the rule says nothing about the example's object.
    """
    verdicts = evaluate(case.evidence(), [rule]).verdicts
    found = next((v for v in verdicts if v.target == case.target), None)
    if found is None:
        raise LookupError(f"{rule.id} says nothing about {case.target}, only about {', '.join(v.target for v in verdicts)}")
    return found


def _needs(rule: Rule) -> Iterator[str]:
    if rule.needs:
        yield f"**Evidence.** {'; '.join(rule.needs)}. What a reader lacks makes the verdict undetermined and is named.\n"


def _parameters(rule: Rule) -> Iterator[str]:
    if rule.parameters:
        rows = "\n".join(f"| `{name}` | {_value(p.default)} | {p.reason} |" for name, p in rule.parameters.items())
        yield f"## Parameters\n\n| Name | Default | Why |\n|---|---|---|\n{rows}\n"


def _examples(rule: Rule) -> Iterator[str]:
    yield "## Examples\n\nWhat the rule answers on the small town of `policies/examples`, edited as said.\n"
    for case in cases_of(rule.id):
        verdict = verdict_of(case, rule)
        lines = [f"**{case.outcome}**: {case.says}\n", f"> {verdict.message}"]
        if verdict.formula:
            lines.append(f">\n> `{verdict.formula}`")
        if verdict.missing:
            lines.append(f">\n> cannot be decided without: {', '.join(verdict.missing[:3])}")
        yield "\n".join(lines) + "\n"


def _value(value: float | str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, int | float) else f"`{value}`"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".")

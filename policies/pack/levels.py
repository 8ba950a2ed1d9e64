"""Enforcement: which verdicts stop an update, by the rule's severity, unless the pack's configuration says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import analyzer_pb2

from policies.rule import Rule, Scalar
from policies.verdict import Outcome, Severity, Verdict

if TYPE_CHECKING:
    Level: TypeAlias = analyzer_pb2.EnforcementLevel.ValueType
else:
    Level = int

EVERY_POLICY = "all"
SEVERITIES = {
    Severity.CRITICAL: analyzer_pb2.POLICY_SEVERITY_CRITICAL,
    Severity.HIGH: analyzer_pb2.POLICY_SEVERITY_HIGH,
    Severity.MEDIUM: analyzer_pb2.POLICY_SEVERITY_MEDIUM,
    Severity.LOW: analyzer_pb2.POLICY_SEVERITY_LOW,
}


def policy_name(rule: Rule) -> str:
    """The rule's name in Pulumi: its id and name, in lower case."""
    return f"{rule.id.lower()}-{rule.name}"


def default_level(severity: Severity) -> Level:
    """Critical and high findings are mandatory, the rest advice."""
    return analyzer_pb2.MANDATORY if severity.blocks else analyzer_pb2.ADVISORY


def level_of(verdict: Verdict, configured: Level | None) -> Level:
    """Only a failure can stop an update; a waived or undetermined one is shown as advice."""
    if verdict.outcome is not Outcome.FAIL:
        return analyzer_pb2.ADVISORY
    return default_level(verdict.severity) if configured is None else configured


def configured_levels(given: Mapping[str, analyzer_pb2.PolicyConfig], defaults: Mapping[str, Level]) -> dict[str, Level]:
    """The levels that somebody set, by policy name; `all` sets every one, and a policy's own wins over it in whatever order they come.

    The engine always sends every policy, with the level that the pack itself gave where nobody set one. Such a level is no wish: there the
    severity of each finding decides, so that the warning of a grave rule stays advice.
    """
    own = {name: config.enforcementLevel for name, config in given.items() if name != EVERY_POLICY}
    if EVERY_POLICY in given:
        return dict.fromkeys(defaults, given[EVERY_POLICY].enforcementLevel) | own
    return {name: level for name, level in own.items() if level != defaults.get(name)}


def configured_parameters(config: analyzer_pb2.PolicyConfig) -> dict[str, Scalar]:
    """A policy's parameters; what is no plain value is left out."""
    return {name: value for name, value in MessageToDict(config.properties).items() if isinstance(value, str | int | float | bool)}

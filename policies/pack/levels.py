"""Enforcement: which verdicts stop an update, by the rule's severity, unless the pack's configuration says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from pulumi.runtime.proto import analyzer_pb2

from policies.rule import Rule
from policies.verdict import Outcome, Severity, Verdict

if TYPE_CHECKING:
    Level: TypeAlias = analyzer_pb2.EnforcementLevel.ValueType

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

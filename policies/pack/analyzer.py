"""Pulumi's Analyzer protocol over the rule set, in one pass.

The stock SDK reads every resource again for every policy (52 s for 40 policies over 5,000 machines) and loses a whole policy to one
unknown. Here resources are decoded once, in AnalyzeStack, and rules answer three-valued. Analyze judges nothing: a rule needs the whole
stack, and in `pulumi up` the preview that comes first is what stops a change.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
from google.protobuf import empty_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

from infra.errors import InclineError
from infra.estate.load import load_estate
from policies.evaluate import Result, evaluate
from policies.evidence import Evidence
from policies.pack.context import PackContext
from policies.pack.levels import SEVERITIES, default_level, level_of, policy_name
from policies.readers.estate import read_estate
from policies.readers.places import locator
from policies.readers.properties import Plain, decode
from policies.readers.resources import SERVER, Resource, overlay
from policies.reports.data import result_data
from policies.rules import RULES
from policies.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from policies.pack.levels import Level

PACK, VERSION = "incline", "0.1.0"
SHOWN = {Outcome.FAIL, Outcome.WAIVED, Outcome.UNDETERMINED}


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """The servicer. State is what the engine configured: the stack, levels and parameters by policy."""

    def __init__(self, context: PackContext) -> None:
        self._context = context
        self._levels: dict[str, Level] = {}
        self._parameters: dict[str, dict[str, float | int | str | bool]] = {}
        self._intents: dict[str, dict[str, Plain]] = {}

    def Handshake(
        self, request: analyzer_pb2.AnalyzerHandshakeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerHandshakeResponse:
        """Nothing to agree on: the pack never calls the engine back."""
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def ConfigureStack(
        self, request: analyzer_pb2.AnalyzerStackConfigureRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerStackConfigureResponse:
        """Which stack is judged, and its configuration."""
        self._context = self._context.configured(request.stack, request.config)
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """The pack's version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetAnalyzerInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> analyzer_pb2.AnalyzerInfo:
        """All rules with their severity, enforcement and remedy."""
        return analyzer_pb2.AnalyzerInfo(
            name=PACK,
            displayName="Incline",
            version=VERSION,
            supportsConfig=True,
            policies=[
                analyzer_pb2.PolicyInfo(
                    name=policy_name(rule),
                    displayName=f"{rule.id} {rule.title}",
                    description=rule.title,
                    enforcementLevel=default_level(rule.severity),
                    policy_type=analyzer_pb2.POLICY_TYPE_STACK,
                    severity=SEVERITIES[rule.severity],
                    remediation_steps=rule.remedy,
                )
                for rule in RULES
            ],
        )

    def Configure(self, request: analyzer_pb2.ConfigureAnalyzerRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """`--policy-pack-config`: an enforcement level and parameters by policy name; `all` sets every level."""
        for name, config in request.policyConfig.items():
            names = [policy_name(rule) for rule in RULES] if name == "all" else [name]
            self._levels.update(dict.fromkeys(names, config.enforcementLevel))
            self._parameters[name] = MessageToDict(config.properties)
        return empty_pb2.Empty()

    def Analyze(self, request: analyzer_pb2.AnalyzeRequest, context: grpc.ServicerContext) -> analyzer_pb2.AnalyzeResponse:
        """Keep a server's intent: here the engine shows a component's inputs, in AnalyzeStack only its outputs. Nothing is judged yet."""
        if request.type == SERVER:
            self._intents[request.urn] = decode(request.properties, request.name or request.urn)
        return analyzer_pb2.AnalyzeResponse()

    def Remediate(self, request: analyzer_pb2.AnalyzeRequest, context: grpc.ServicerContext) -> analyzer_pb2.RemediateResponse:
        """The pack never changes a resource."""
        return analyzer_pb2.RemediateResponse()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Judging takes well under a second; there is nothing to abort."""
        return empty_pb2.Empty()

    def AnalyzeStack(self, request: analyzer_pb2.AnalyzeStackRequest, context: grpc.ServicerContext) -> analyzer_pb2.AnalyzeResponse:
        """All rules over the whole stack laid over the estate. An estate that cannot be read stops the preview with its own message."""
        try:
            ground = self._ground()
        except InclineError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        evidence = overlay(ground, self._context.site, [self._resource(r) for r in request.resources])
        result = evaluate(evidence)
        self._write_report(result)
        shown = [v for v in result.verdicts if v.outcome in SHOWN and concerns(v, evidence, self._context.site)]
        return analyzer_pb2.AnalyzeResponse(diagnostics=[self._diagnostic(v) for v in shown if not self._disabled(v)])

    def _ground(self) -> Evidence:
        path = self._context.estate_path
        estate = load_estate(path)
        rules = {**estate.standards.rules}
        for rule in RULES:
            rules[rule.id] = {**rules.get(rule.id, {}), **self._parameters.get(policy_name(rule), {})}
        standards = estate.standards.model_copy(update={"rules": rules})
        estate = estate.model_copy(update={"standards": standards})
        return read_estate(estate, datetime.now(UTC).date(), locator(path))

    def _resource(self, resource: analyzer_pb2.AnalyzerResource) -> Resource:
        name = resource.name or resource.urn.rpartition("::")[2]
        properties = {**self._intents.get(resource.urn, {}), **decode(resource.properties, name)}
        return Resource(resource.type, name, resource.urn, resource.parent, properties)

    def _disabled(self, verdict: Verdict) -> bool:
        return self._levels.get(_POLICY[verdict.rule]) == analyzer_pb2.DISABLED

    def _diagnostic(self, verdict: Verdict) -> analyzer_pb2.AnalyzeDiagnostic:
        name = _POLICY[verdict.rule]
        return analyzer_pb2.AnalyzeDiagnostic(
            policyName=name,
            policyPackName=PACK,
            policyPackVersion=VERSION,
            description=f"{verdict.rule} {_TITLE[verdict.rule]}",
            message=message_of(verdict),
            enforcementLevel=level_of(verdict, self._levels.get(name)),
            urn=verdict.urn,
            severity=SEVERITIES[verdict.severity],
        )

    def _write_report(self, result: Result) -> None:
        if self._context.report:
            Path(self._context.report).write_text(json.dumps(result_data(result), indent=1) + "\n", encoding="utf-8")


_POLICY = {rule.id: policy_name(rule) for rule in RULES}
_TITLE = {rule.id: rule.title for rule in RULES}


def message_of(verdict: Verdict) -> str:
    """What the console shows: the finding with its numbers, where to look, what to do."""
    lines = [verdict.message]
    if verdict.missing:
        shown = ", ".join(verdict.missing[:3]) + (f" and {len(verdict.missing) - 3} more" if len(verdict.missing) > 3 else "")
        lines.append(f"cannot be decided without: {shown}")
    if verdict.source and verdict.source != verdict.urn:
        lines.append(f"see {verdict.source}")
    if verdict.outcome is Outcome.FAIL:
        lines.append(f"next: {verdict.remedy}")
    return "\n".join(lines)


def concerns(verdict: Verdict, evidence: Evidence, site: str) -> bool:
    """Whether a verdict is about the stack's own site: another site's findings belong to its own preview."""
    kind, _, rest = verdict.target.partition("/")
    if kind in {"cluster", "datastore"}:
        return rest.partition("/")[0] == site
    if kind == "server":
        return any(s.name == rest and s.site == site for s in evidence.servers)
    if kind == "group":
        return any(s.group == rest and s.site == site for s in evidence.servers)
    return True

"""Pulumi's Analyzer protocol over the rule set, in one pass.

The stock SDK reads every resource again for every policy (52 s for 40 policies over 5,000 machines) and loses a whole policy to one
unknown. Here resources are decoded once, in AnalyzeStack, and rules answer three-valued. Analyze judges nothing: a rule needs the whole
stack, and in `pulumi up` the preview that comes first is what stops a change.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

from infra.atomic import replace_file
from infra.errors import InclineError
from policies.baseline import compare, read_baseline
from policies.evaluate import Result, evaluate
from policies.evidence import Evidence
from policies.ledger import write_promises
from policies.pack.collector import paused
from policies.pack.context import PackContext
from policies.pack.diagnostics import PACK, VERSION, Console
from policies.pack.levels import SEVERITIES, Level, configured_levels, configured_parameters, default_level, policy_name
from policies.pack.scope import Scope
from policies.readers.estate import read_estate
from policies.readers.places import read_files
from policies.readers.properties import Plain, decode
from policies.readers.resources import overlay
from policies.readers.stack import KEYS, LONGEST_NAME, SERVER, Resource
from policies.reports.data import result_data
from policies.rule import Rule, Scalar
from policies.rules import RULES
from policies.verdict import Outcome


def current_time() -> datetime:
    """The clock."""
    return datetime.now(UTC)


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """The servicer. State is what the engine configured: the stack, levels and parameters by policy, and each resource's inputs."""

    def __init__(self, context: PackContext, clock: Callable[[], datetime] = current_time) -> None:
        self._context = context
        self._clock = clock
        self._levels: dict[str, Level] = {}
        self._parameters: dict[str, dict[str, Scalar]] = {}
        self._intents: dict[str, dict[str, Plain]] = {}
        self._declared: dict[str, frozenset[str]] = {}
        self._reading: Future[Evidence] | None = None

    def Handshake(
        self, request: analyzer_pb2.AnalyzerHandshakeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerHandshakeResponse:
        """Nothing to agree on: the pack never calls the engine back."""
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def ConfigureStack(
        self, request: analyzer_pb2.AnalyzerStackConfigureRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerStackConfigureResponse:
        """Which stack is judged, and its configuration. The estate is read while the engine runs the program."""
        self._context = self._context.configured(request.stack, request.config)
        worker = ThreadPoolExecutor(max_workers=1)
        self._reading = worker.submit(read_ground, self._context, self._clock())
        worker.shutdown(wait=False)
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """The pack's version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetAnalyzerInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> analyzer_pb2.AnalyzerInfo:
        """All rules with their severity, enforcement, controls and remedy."""
        return analyzer_pb2.AnalyzerInfo(
            name=PACK, displayName="Incline", version=VERSION, supportsConfig=True, policies=[_policy(rule) for rule in RULES]
        )

    def Configure(self, request: analyzer_pb2.ConfigureAnalyzerRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """`--policy-pack-config`: an enforcement level and parameters by policy name; `all` sets every level."""
        self._levels.update(configured_levels(request.policyConfig, _DEFAULTS))
        self._parameters.update({name: configured_parameters(config) for name, config in request.policyConfig.items()})
        return empty_pb2.Empty()

    def Analyze(self, request: analyzer_pb2.AnalyzeRequest, context: grpc.ServicerContext) -> analyzer_pb2.AnalyzeResponse:
        """Keep what only this call shows: a component's intent, and which properties the program gave. Nothing is judged yet."""
        wanted = KEYS.get(request.type)
        if wanted is not None:
            self._declared[request.urn] = wanted.intersection(request.properties.fields)
        if request.type == SERVER:
            self._intents[request.urn] = decode(request.properties, request.name or request.urn, wanted)
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
            with paused():
                return self._judged(ground, request)
        except InclineError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))

    def _judged(self, ground: Evidence, request: analyzer_pb2.AnalyzeStackRequest) -> analyzer_pb2.AnalyzeResponse:
        evidence = self._evidence(ground, request)
        result = evaluate(evidence)
        self._keep(result, evidence)
        scope = Scope(evidence, self._context.site)
        console = Console(RULES, self._levels, self._context.report, self._known(result))
        return analyzer_pb2.AnalyzeResponse(
            diagnostics=console.diagnostics(v for v in result.verdicts if v.target in scope),
            not_applicable=[
                analyzer_pb2.PolicyNotApplicable(policy_name=_POLICY[v.rule], reason=v.message) for v in result.of(Outcome.NOT_APPLICABLE)
            ],
        )

    def _known(self, result: Result) -> frozenset[tuple[str, str]]:
        path = self._context.baseline_path
        return frozenset((v.rule, v.target) for v in compare(result, read_baseline(path)).old) if path else frozenset()

    def _ground(self) -> Evidence:
        # What was read ahead serves once: the same process may be asked again after `up` has changed what is there.
        reading, self._reading = self._reading, None
        return reading.result() if reading is not None else read_ground(self._context, self._clock())

    def _evidence(self, ground: Evidence, request: analyzer_pb2.AnalyzeStackRequest) -> Evidence:
        rules = dict(ground.standards.rules)
        for rule in RULES:
            rules[rule.id] = {**rules.get(rule.id, {}), **self._parameters.get(_POLICY[rule.id], {})}
        standards = ground.standards.model_copy(update={"rules": rules})
        resources = [self._resource(r) for r in request.resources if r.type in KEYS]
        return overlay(replace(ground, standards=standards), self._context.site, resources)

    def _resource(self, resource: analyzer_pb2.AnalyzerResource) -> Resource:
        name = (resource.name or resource.urn.rpartition("::")[2])[:LONGEST_NAME]
        properties = decode(resource.properties, name, KEYS[resource.type])
        return Resource(
            type=resource.type,
            name=name,
            urn=resource.urn,
            parent=resource.parent,
            properties={**self._intents.get(resource.urn, {}), **properties},
            declared=self._declared.get(resource.urn),
            protect=resource.options.protect if resource.HasField("options") else None,
            uses={key: tuple(used.urns) for key, used in resource.propertyDependencies.items()},
        )

    def _keep(self, result: Result, evidence: Evidence) -> None:
        if self._context.report:
            replace_file(Path(self._context.report), report_text(result))
        if self._context.ledger_path is not None:
            write_promises(self._context.ledger_path, self._context.holder, evidence, self._context.site, self._clock())


def report_text(result: Result) -> str:
    """The full result as JSON, a verdict a line: indented, it would take longer to write than to judge."""
    data = result_data(result)
    verdicts = ",\n".join(json.dumps(verdict) for verdict in data["verdicts"])
    rest = json.dumps({key: value for key, value in data.items() if key != "verdicts"})
    return f'{rest[:-1]}, "verdicts": [\n{verdicts}\n]}}\n'


def read_ground(context: PackContext, now: datetime) -> Evidence:
    """The estate with the capacity snapshot and the ledger, before the stack is laid over it.

    Raises:
        InclineError: the estate, the snapshot or the ledger cannot be used.
    """
    with paused():
        estate, where = read_files(context.estate_path)
        return replace(context.surroundings(now), estate=estate.name).over(read_estate(estate, now.date(), where))


_POLICY = {rule.id: policy_name(rule) for rule in RULES}
_DEFAULTS = {policy_name(rule): default_level(rule.severity) for rule in RULES}


def _policy(rule: Rule) -> analyzer_pb2.PolicyInfo:
    return analyzer_pb2.PolicyInfo(
        name=_POLICY[rule.id],
        displayName=f"{rule.id} {rule.title}",
        description=rule.title,
        message=f"incline rules show {rule.id}",
        enforcementLevel=default_level(rule.severity),
        policy_type=analyzer_pb2.POLICY_TYPE_STACK,
        severity=SEVERITIES[rule.severity],
        tags=list(rule.controls),
        remediation_steps=rule.remedy,
    )

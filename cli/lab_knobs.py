"""`incline lab host` and `incline lab quota`: what goes wrong on purpose, so that the rules can be seen to notice."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.command import closing_lines, new_app
from cli.output import emit, say_next
from cli.project import project_root
from infra.errors import InclineError

if TYPE_CHECKING:
    from lab.aws_control import AwsControl
    from lab.control import LabControl
    from lab.lifecycle.record import Record

host_app = new_app(
    "Let a host of the lab's vCenter fail, rest or come back.",
    examples=(
        "incline lab host list                     every host with what runs on it",
        "incline lab host fail dt-esx-01 --yes     HA restarts its machines elsewhere",
        "incline lab host recover dt-esx-01",
    ),
)
quota_app = new_app(
    "Raise or lower an EC2 quota of the lab's AWS.",
    examples=("incline lab quota list", "incline lab quota set L-1216C47A 64     launches beyond 64 vCPUs are refused"),
)

HostArgument = Annotated[str, typer.Argument(help="The host's name, as incline lab host list has it.", metavar="HOST")]
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
YesFlag = Annotated[bool, typer.Option("--yes", help="Do it; without it, only say what would happen.")]


@host_app.command("list", epilog=closing_lines("incline lab host list", "incline lab host list --json"))
def list_hosts(as_json: JsonFlag = False) -> None:
    """Every host, its state and the machines that run on it."""
    hosts = _vcenter().hosts()
    text = "\n".join(f"{h['name']:14} {h['cluster']:12} {h['state']:14} {len(h['running']):3d} machines" for h in hosts)
    emit({"schema": "incline.lab-hosts/1", "hosts": hosts}, lambda: text, as_json)


@host_app.command(epilog=closing_lines("incline lab host fail dt-esx-01", "incline lab host fail dt-esx-01 --yes"))
def fail(host: HostArgument, yes: YesFlag = False, as_json: JsonFlag = False) -> None:
    """Take a host away without warning. HA restarts its machines elsewhere."""
    _act(host, "fail", "HA of its cluster restarts them elsewhere, if it watches its hosts", yes=yes, as_json=as_json)


@host_app.command(epilog=closing_lines("incline lab host maintain dt-esx-01", "incline lab host maintain dt-esx-01 --yes"))
def maintain(host: HostArgument, yes: YesFlag = False, as_json: JsonFlag = False) -> None:
    """Put a host into maintenance. DRS moves its machines first."""
    _act(host, "maintain", "DRS moves them to other hosts of its cluster", yes=yes, as_json=as_json)


@host_app.command(epilog=closing_lines("incline lab host recover dt-esx-01", "incline lab host recover dt-esx-01 --json"))
def recover(host: HostArgument, as_json: JsonFlag = False) -> None:
    """Bring a host back. Machines stay where they went."""
    _act(host, "recover", "", yes=True, as_json=as_json)


@quota_app.command("list", epilog=closing_lines("incline lab quota list", "incline lab quota list --json"))
def list_quotas(as_json: JsonFlag = False) -> None:
    """Every limit on running on-demand vCPUs."""
    quotas = _region().quotas()
    text = "\n".join(f"{q['code']:12} {q['value']:6.0f} vCPU  {q['region']}  {q['name']}" for q in quotas)
    emit({"schema": "incline.lab-quotas/1", "quotas": quotas}, lambda: text, as_json)


@quota_app.command("set", epilog=closing_lines("incline lab quota set L-1216C47A 64", "incline lab quota set L-1216C47A 640 --json"))
def set_quota(
    code: Annotated[str, typer.Argument(help="The quota's code; L-1216C47A counts standard instances.", metavar="CODE")],
    value: Annotated[float, typer.Argument(help="How many vCPUs may run.", metavar="VCPUS", min=0)],
    as_json: JsonFlag = False,
) -> None:
    """Put another limit in the place of one. What runs already stays."""
    done = _region().set_quota(code, value)
    emit({"schema": "incline.lab-quota/1", **done}, lambda: f"{code}: {done['before']:.0f} vCPU before, {value:.0f} now", as_json)
    say_next("incline capacity snapshot")


def statistics(
    days: Annotated[float, typer.Argument(help="How many days back, as if the instances had run so long.", metavar="DAYS", min=0, max=455)],
    as_json: JsonFlag = False,
) -> None:
    """How far back the synthetic statistics of EC2 instances go."""
    _region().settings(metrics_days=float(days))
    words = f"CloudWatch tells of instances from {days:g} days before their launch on; the numbers are synthetic"
    emit({"schema": "incline.lab-statistics/1", "days": days}, lambda: words, as_json)
    say_next("incline capacity snapshot")


def _act(host: str, action: str, meaning: str, *, yes: bool, as_json: bool) -> None:
    from infra.estate.problems import did_you_mean  # noqa: PLC0415 - help stays fast

    control = _vcenter()
    hosts = {each["name"]: each for each in control.hosts()}
    if host not in hosts:
        advice = did_you_mean(host, hosts) or "incline lab host list"
        raise InclineError(f"{host}: the lab has no such host", code="INC-4308", next_step=advice)
    if not yes:
        running = hosts[host]["running"]
        plan = {"schema": "incline.lab-host/1", "host": host, "action": action, "done": False, "running": running}
        emit(plan, lambda: f"{host} runs {len(running)} machines: {', '.join(running) or 'none'}; {meaning}", as_json)
        say_next(f"incline lab host {action} {host} --yes")
        return
    report = control.host(host, action)
    emit({"schema": "incline.lab-host/1", "action": action, "done": True, **report}, lambda: _story(report), as_json)
    say_next("incline capacity snapshot" if action == "recover" else f"incline capacity snapshot   or   incline lab host recover {host}")


def _story(report: dict[str, Any]) -> str:
    lines = [f"{report['host']} of cluster {report['cluster']}: {report['state']}"]
    lines += [f"  {each['machine']} runs on {each['to']}" for each in report["moved"]]
    lines += [f"  {name} found no place: it stays where it was" for name in report["stuck"]]
    return "\n".join(lines)


def _vcenter() -> LabControl:
    from lab.control import LabControl  # noqa: PLC0415 - help stays fast

    record = _record()
    addresses = record.servers["vcenter"].addresses
    return LabControl(url=addresses["url"], token=_token(record), ca_file=addresses["ca_file"])


def _region() -> AwsControl:
    from lab.aws_control import AwsControl  # noqa: PLC0415 - help stays fast

    record = _record()
    return AwsControl(record.servers["aws"].addresses["url"], _token(record))


def _record() -> Record:
    from lab.lifecycle import Lab, LabHome  # noqa: PLC0415 - help stays fast
    from lab.lifecycle.errors import half_up  # noqa: PLC0415
    from lab.progress import Progress  # noqa: PLC0415

    project = project_root()
    lab = Lab(LabHome.find(project, os.environ), project=project, progress=Progress(None))
    record = lab.record()
    if any("url" not in record.servers[name].addresses for name in ("vcenter", "aws") if name in record.servers) or len(record.servers) < 2:
        raise half_up(lab.home.root)
    return record


def _token(record: Record) -> str:
    return record.control_token

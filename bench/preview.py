"""A preview of the example estate against the same resources in a bare program: seconds of each, and their ratio.

The bare program holds nothing but the resources, with the inputs that the estate's own stack gave them, from a state of its own with
the same contents. Both are previewed without a refresh, in turns, after they were brought up; the fastest of three counts.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STACKS = tuple(sys.argv[1:]) or ("aws-east.servers", "downtown.servers")
SECRET = "4dabf18193072939515e22adb298388d"
PROGRAM = """
import json, pathlib, pulumi, {module}
listed = json.loads(pathlib.Path("resources.json").read_text())
made = {{}}
for r in listed:
    opts = pulumi.ResourceOptions(protect=r["protect"], ignore_changes=r["ignore"])
    if r["type"].startswith("pulumi:providers:"):
        made[r["ref"]] = pulumi.ProviderResource(r["type"].rpartition(":")[2], r["name"], r["inputs"])
    else:
        opts.provider = made[r["provider"]]
        pulumi.CustomResource(r["type"], r["name"], r["inputs"], opts)
"""


def main() -> None:
    """Print the figures as JSON. A lab of its own is started and taken down."""
    figures: dict[str, float | str] = {}
    with tempfile.TemporaryDirectory(prefix="incline-bench-") as folder:
        environ = {**os.environ, "INCLINE_LAB_HOME": f"{folder}/lab"}
        incline = [str(Path(sys.executable).with_name("incline"))]
        subprocess.run([*incline, "lab", "up"], cwd=ROOT, env=environ, check=True, stdout=subprocess.DEVNULL)
        try:
            answer = subprocess.run([*incline, "lab", "env", "--json"], cwd=ROOT, env=environ, check=True, stdout=subprocess.PIPE)
            environ.update(json.loads(answer.stdout)["env"])
            for stack in STACKS:
                figures.update(_compare(Path(folder), environ, stack))
        finally:
            subprocess.run([*incline, "lab", "down", "--quiet"], cwd=ROOT, env=environ, check=False)
    print(json.dumps(figures))


def _compare(folder: Path, environ: dict[str, str], stack: str) -> dict[str, float | str]:
    for each in (stack.replace("servers", "foundation"), stack):
        _pulumi(["up", "--yes", "--skip-preview", "--stack", each], ROOT, environ)
    state = json.loads(_pulumi(["stack", "export", "--stack", stack], ROOT, environ))
    clear = json.loads(_pulumi(["stack", "export", "--show-secrets", "--stack", stack], ROOT, environ))
    bare = _bare_project(folder / stack, environ, state, clear, stack)
    ours, theirs = [], []
    for _ in range(3):
        ours.append(_timed(["preview", "--expect-no-changes", "--stack", stack], ROOT, environ))
        theirs.append(_timed(["preview", "--expect-no-changes", "--stack", "bare"], bare, environ))
    _pulumi(["stack", "rm", "--force", "--yes", "--stack", "bare"], bare, environ)
    count = sum(r.get("custom", False) for r in state["deployment"]["resources"])
    return {
        f"{stack}: {count} resources, seconds": round(min(ours), 2),
        f"{stack}: the same in a bare program, seconds": round(min(theirs), 2),
        f"{stack}: ratio (1 = no cost)": round(min(ours) / min(theirs), 2),
    }


def _bare_project(folder: Path, environ: dict[str, str], state: dict[str, Any], clear: dict[str, Any], stack: str) -> Path:
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(f"name: bare\nruntime: {{name: python, options: {{virtualenv: {ROOT / '.venv'}}}}}\n")
    salt = ROOT / "stacks" / "config" / f"Pulumi.{stack}.yaml"
    line = next(text for text in salt.read_text().splitlines() if text.startswith("encryptionsalt"))
    (folder / "Pulumi.bare.yaml").write_text(line + "\n")
    module = "pulumi_aws" if stack.startswith("aws") else "pulumi_vsphere"
    (folder / "__main__.py").write_text(PROGRAM.format(module=module))
    resources = [r for r in clear["deployment"]["resources"] if r.get("custom") and r["type"] != "pulumi:providers:pulumi"]
    (folder / "resources.json").write_text(json.dumps([_declaration(r) for r in resources]))
    _pulumi(["stack", "init", "bare"], folder, environ)
    (folder / "state.json").write_text(_renamed(state, stack))
    _pulumi(["stack", "import", "--stack", "bare", "--file", "state.json"], folder, environ)
    return folder


def _declaration(resource: dict[str, Any]) -> dict[str, Any]:
    inputs = {k: _plain(v) for k, v in resource.get("inputs", {}).items() if not k.startswith("__")}
    return {
        "type": resource["type"],
        "name": resource["urn"].rpartition("::")[2],
        "ref": f"{resource['urn']}::{resource['id']}",
        "provider": resource.get("provider", ""),
        "inputs": inputs,
        "protect": resource.get("protect", False),
        "ignore": resource.get("ignoreChanges", []),
    }


def _plain(value: Any) -> Any:
    """Secrets in the clear: the lab's own, in a folder that is deleted."""
    if isinstance(value, dict):
        return json.loads(value["plaintext"]) if SECRET in value else {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value


def _renamed(state: dict[str, Any], stack: str) -> str:
    """The state under the bare stack's name, without components."""
    deployment = state["deployment"]
    kept = [r for r in deployment["resources"] if r.get("custom") or r["type"] == "pulumi:pulumi:Stack"]
    kept.sort(key=lambda r: r["type"] != "pulumi:pulumi:Stack")  # a parent stands before its children
    for resource in kept:
        resource["parent"] = (
            "" if resource["type"] == "pulumi:pulumi:Stack" else f"urn:pulumi:{stack}::incline::pulumi:pulumi:Stack::incline-{stack}"
        )
        resource.pop("importID", None)
    deployment["resources"] = kept
    text = json.dumps(state).replace(f"urn:pulumi:{stack}::incline::", "urn:pulumi:bare::bare::").replace(f"incline-{stack}", "bare-bare")
    return re.sub(r"::(?:incline:\w+:\w+\$)+", "::", text)


def _pulumi(arguments: list[str], folder: Path, environ: dict[str, str]) -> str:
    done = subprocess.run(
        ["pulumi", "--non-interactive", *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"pulumi {' '.join(arguments)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def _timed(arguments: list[str], folder: Path, environ: dict[str, str]) -> float:
    started = time.perf_counter()
    _pulumi(arguments, folder, environ)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()

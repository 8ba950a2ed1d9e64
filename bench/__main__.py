"""Runs every benchmark and prints one table; `--json` prints the figures alone."""

from __future__ import annotations

import json
import subprocess
import sys

PARTS = (
    "bench.policies",
    "bench.peers",
    "bench.simulate",
    "bench.mover",
    "bench.preview",
    "bench.discover",
    "bench.store",
    "bench.exchange",
    "bench.dependencies",
    "bench.assess",
    "bench.sizing",
    "bench.plan",
    "bench.forecast",
    "bench.waves",
)


def main() -> int:
    """Each part in a process of its own, so that none measures another's memory."""
    figures = {}
    for part in PARTS:
        print(f"running {part} ...", file=sys.stderr, flush=True)
        done = subprocess.run([sys.executable, "-m", part], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            print(f"{part} failed with exit code {done.returncode}", file=sys.stderr)
            return done.returncode
        figures[part] = json.loads(done.stdout)
    if "--json" in sys.argv[1:]:
        print(json.dumps({"schema": "incline.bench/1", "figures": figures}, indent=1))
        return 0
    for part, rows in figures.items():
        print(f"\n{part}")
        for name, value in rows.items():
            print(f"  {name:<60} {_shown(value)}")
    return 0


def _shown(value: float | str) -> str:
    """Thousands parted, no digits that were not measured."""
    if isinstance(value, str):
        return value
    return f"{value:,.2f}" if isinstance(value, float) and abs(value) < 100 else f"{value:,.0f}"


if __name__ == "__main__":
    sys.exit(main())

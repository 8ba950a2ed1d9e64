"""All rules over 1,000, 5,000 and 10,000 servers through the real protocol: seconds, growth and memory."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.pack import judge, virtual_machines
from policies.rules import RULES

SIZES = (1_000, 5_000, 10_000)
ROOT = Path(__file__).resolve().parents[1]
OURS = {"INCLINE_ESTATE": str(ROOT / "estate")}


def main() -> None:
    """Print the figures as JSON."""
    figures: dict[str, float | int | str] = {"rules": len(RULES)}
    seconds = {}
    for size in SIZES:
        judged = judge(sys.executable, ROOT / "policies", OURS, virtual_machines(size))
        seconds[size] = judged.seconds
        figures[f"seconds for {size:,} servers"] = round(judged.seconds, 3)
        figures[f"peak memory for {size:,} servers, MiB"] = round(judged.peak_mib)
    figures["growth of time, 1,000 to 10,000 servers (10 = linear)"] = round(seconds[10_000] / seconds[1_000], 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

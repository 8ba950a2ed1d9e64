"""The mover's anonymous memory does not follow the disk's size."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOUND = 300 << 20


def test_half_a_tebibyte_costs_no_more_than_the_bound():
    command = [sys.executable, "-m", "bench.mover", "--blocks", "400", "--workers", "16", "--disk-gib", "512"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)

    assert figures["blocks"] == 400
    assert figures["anonymous_bytes"] < BOUND

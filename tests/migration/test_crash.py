"""`kill -9` at any moment loses nothing and repeats almost nothing."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from migration.blocks.manifest import Manifest
from tests.migration.copying_process import BLOCKS, content

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 4


def start(folder):
    command = [sys.executable, "-m", "tests.migration.copying_process", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def sent(folder):
    log = folder / "sent.log"
    return [int(line) for line in log.read_text().split()] if log.exists() else []


@pytest.mark.parametrize("seed", range(3))
def test_kill_and_go_on_until_done(tmp_path, seed):
    chance = random.Random(seed)
    kills = 0
    for limit in sorted(chance.sample(range(20, BLOCKS - 20), 2)):
        process = start(tmp_path)
        while len(sent(tmp_path)) < limit:
            time.sleep(0.005)
            assert process.poll() is None
        process.kill()
        process.wait()
        process.stdout.close()
        kills += 1
        with Manifest.open(tmp_path / "m", writable=False) as manifest:
            acknowledged = {i for i in range(BLOCKS) if manifest.settled(i)}
        assert len(set(sent(tmp_path)) - acknowledged) <= WORKERS, "only blocks on their way are not acknowledged"
    before = sent(tmp_path)
    process = start(tmp_path)
    result = json.loads(process.communicate(timeout=60)[0])
    after = sent(tmp_path)[len(before) :]

    assert process.returncode == 0
    assert not set(after) & acknowledged, "what was acknowledged is not sent again"
    assert result == {"resumed": len(acknowledged), "sent": BLOCKS - len(acknowledged), "changed": BLOCKS}
    assert len(sent(tmp_path)) <= BLOCKS + kills * WORKERS
    assert (tmp_path / "disk.img").read_bytes() == content()

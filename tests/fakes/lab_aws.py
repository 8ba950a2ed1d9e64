"""A lab AWS process of its own for a test module."""

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.endpoints import Endpoint
from infra.observed.aws_session import AwsSession
from lab.aws_control import AwsControl

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "test-token"


@dataclass
class LabAws:
    """The process's address, its control, and a session like the program's own."""

    url: str
    control: AwsControl
    session: AwsSession


@contextmanager
def lab_aws():
    """Started on a free port, stopped and forgotten at the end."""
    with tempfile.TemporaryDirectory(prefix="lab-aws-") as folder:
        token = Path(folder, "token")
        token.write_text(TOKEN)
        command = [sys.executable, "-m", "lab.aws", "--state", f"{folder}/state", "--listen", "127.0.0.1:0"]
        with Path(folder, "log").open("w") as log:
            process = subprocess.Popen(
                [*command, "--estate", str(ROOT / "estate"), "--control-token-file", str(token)],
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                text=True,
            )
        try:
            url = json.loads(process.stdout.readline())["url"]
            endpoint = Endpoint(site="aws-east", address=url, region="us-east-1", user="lab", password="lab-secret")
            session = AwsSession(endpoint)
            yield LabAws(url, AwsControl(url, TOKEN), session)
            session.close()
        finally:
            process.terminate()
            process.wait(20)
            process.stdout.close()

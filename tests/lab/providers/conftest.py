"""Both providers over loopback, each on its own side of the lab: one AWS process and one small vCenter for all tests of this folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.aws_control import AwsControl
from lab.providers.aws import table as aws_table
from lab.providers.vsphere import table as vsphere_table
from lab.toolchain import Toolchain
from tests.lab.providers.engine import Engine
from tests.lab.vcenter.stage import PASSWORD, USER, Stage

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "a-token"
SERVICES = ("ec2", "sts", "kms", "iam", "backup", "ebs")


@pytest.fixture(scope="session")
def aws_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("providers-aws")
    (folder / "token").write_text(TOKEN)
    command = [sys.executable, "-m", "lab.aws", "--state", str(folder / "state"), "--listen", "127.0.0.1:0"]
    command += ["--estate", str(ROOT / "estate"), "--control-token-file", str(folder / "token")]
    with (folder / "log").open("w") as log, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        assert process.stdout is not None
        try:
            yield str(json.loads(process.stdout.readline())["url"])
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def aws_control(aws_url: str) -> AwsControl:
    return AwsControl(aws_url, TOKEN)


def aws_config(url: str, **more: object) -> dict[str, object]:
    return {
        "region": "us-east-1",
        "accessKey": "lab",
        "secretKey": "lab",
        "endpoints": [dict.fromkeys(SERVICES, url)],
        "skipCredentialsValidation": True,
        **more,
    }


@pytest.fixture(scope="session")
def aws(aws_url: str) -> Iterator[Engine]:
    with Engine(aws_table(), aws_config(aws_url)) as engine:
        yield engine


@pytest.fixture(scope="session")
def aws_client(aws_url: str) -> Callable[[str], Any]:
    """Another client of the same region: what changes things behind Pulumi's back."""

    def client(service: str) -> Any:
        return boto3.client(service, endpoint_url=aws_url, region_name="us-east-1", aws_access_key_id="lab", aws_secret_access_key="lab")

    return client


@pytest.fixture(scope="session")
def vcenter(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(toolchain.vcenter, tmp_path_factory.mktemp("providers-vcenter"))
    try:
        yield stage.start()
    finally:
        stage.stop()


def vsphere_config(stage: Stage) -> dict[str, object]:
    return {"user": USER, "password": PASSWORD, "vsphereServer": stage.ready["host"], "allowUnverifiedSsl": True}


@pytest.fixture(scope="session")
def vsphere(vcenter: Stage) -> Iterator[Engine]:
    with Engine(vsphere_table(), vsphere_config(vcenter)) as engine:
        yield engine

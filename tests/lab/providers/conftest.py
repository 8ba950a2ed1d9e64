"""One provider over loopback, on an AWS in the test's own process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from lab.providers.aws import table as aws_table
from tests.lab.providers.engine import Engine


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def aws_config(url: str, **more: object) -> dict[str, object]:
    services = ("ec2", "sts", "kms", "iam", "backup", "ebs")
    return {
        "region": "us-east-1",
        "accessKey": "lab",
        "secretKey": "lab",
        "endpoints": [dict.fromkeys(services, url)],
        "skipCredentialsValidation": True,
        **more,
    }


@pytest.fixture(scope="session")
def aws(moto_url: str) -> Iterator[Engine]:
    with Engine(aws_table(), aws_config(moto_url)) as engine:
        yield engine

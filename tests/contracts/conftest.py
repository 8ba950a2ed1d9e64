"""The two sides that contract suites of sources and targets run against, started once for each suite."""

from __future__ import annotations

import pytest

from tests.fakes.lab_aws import lab_aws
from tests.fakes.lab_vcenter import lab_vcenter


@pytest.fixture(scope="module")
def aws():
    with lab_aws() as started:
        yield started


@pytest.fixture(scope="module")
def vcenter(toolchain, tmp_path_factory):
    with lab_vcenter(toolchain.vcenter, tmp_path_factory.mktemp("vcenter")) as started:
        yield started

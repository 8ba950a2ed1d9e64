"""A vCenter's authority that cannot be read is said before anybody signs on."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.endpoints import Endpoint
from infra.observed.errors import SignOnError
from infra.observed.vsphere_session import VsphereSession


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authoritys_file_that_cannot_be_read_names_the_setting(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SignOnError) as raised:
        VsphereSession(Endpoint(site="downtown", address="127.0.0.1:1", ca_file=str(file), user="u", password="p"))

    assert raised.value.code == "INC-6003"
    assert "INCLINE_SITE_DOWNTOWN_CA_FILE" in raised.value.next_step

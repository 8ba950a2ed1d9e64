"""Where a site answers, and with which credentials."""

from __future__ import annotations

import pytest

from infra.endpoints import Endpoint, MissingCredentialsError, resolve
from infra.estate.model import Estate
from tests.fakes.village import Village


@pytest.fixture
def estate(tmp_path) -> Estate:
    return Village(tmp_path).load()


def test_the_estate_alone_is_enough(estate: Estate) -> None:
    endpoint = resolve(estate.sites["hall"], {"VC_USER": "u", "VC_PASSWORD": "p"})

    assert endpoint == Endpoint(site="hall", address="vcenter.example", user="u", password="p")
    assert (endpoint.host, endpoint.port) == ("vcenter.example", 443)


def test_the_environment_overrides_it(estate: Estate) -> None:
    environment = {
        "VC_USER": "u",
        "VC_PASSWORD": "p",
        "INCLINE_SITE_HALL_ENDPOINT": "https://127.0.0.1:8989/sdk",
        "INCLINE_SITE_HALL_CA_FILE": "/lab/ca.pem",
        "INCLINE_SITE_HALL_NBD": "127.0.0.1:10809",
    }

    endpoint = resolve(estate.sites["hall"], environment)

    assert (endpoint.host, endpoint.port, endpoint.ca_file, endpoint.nbd) == ("127.0.0.1", 8989, "/lab/ca.pem", "127.0.0.1:10809")


def test_an_aws_site_has_a_region_and_a_token(estate: Estate) -> None:
    environment = {
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_SESSION_TOKEN": "t",
        "INCLINE_SITE_CLOUD_ENDPOINT": "http://127.0.0.1:5555",
    }

    endpoint = resolve(estate.sites["cloud"], environment)

    assert (endpoint.address, endpoint.region, endpoint.session_token) == ("http://127.0.0.1:5555", "us-east-1", "t")


@pytest.mark.parametrize("missing", ["VC_USER", "VC_PASSWORD"])
def test_a_missing_credential_names_its_variable(estate: Estate, missing: str) -> None:
    environment = {name: "x" for name in ("VC_USER", "VC_PASSWORD") if name != missing}

    with pytest.raises(MissingCredentialsError, match=f"environment variable {missing}, which is not set") as caught:
        resolve(estate.sites["hall"], environment)

    assert caught.value.code == "INC-6001"
    assert f"export {missing}" in caught.value.next_step


def test_a_secret_is_never_shown(estate: Estate) -> None:
    assert "s3cret" not in repr(resolve(estate.sites["hall"], {"VC_USER": "s3cret", "VC_PASSWORD": "s3cret"}))

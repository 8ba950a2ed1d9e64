"""One explicit provider per site, configured from the endpoint that the environment and the estate give."""

from __future__ import annotations

from typing import Any

import pytest

from infra.endpoints import MissingCredentialsError
from infra.providers import make_provider
from tests.fakes import estates
from tests.fakes.pulumi_mocks import run_program

SECRET = "4dabf18193072939515e22adb298388d"


def inputs(site: Any, **environ: str) -> Any:
    recording = run_program(lambda: make_provider(site, {**estates.ENVIRON, **environ}))
    (provider,) = recording.resources
    assert provider.name == site.name
    return provider.inputs


def test_a_vcenter_is_trusted_by_its_certificate() -> None:
    found = inputs(estates.vsphere_site(), INCLINE_SITE_DOWNTOWN_ENDPOINT="vcenter.city.example:443")

    assert (found["vsphereServer"], found["user"]) == ("vcenter.city.example:443", "engineer")
    assert found["allowUnverifiedSsl"] in (False, "false")


@pytest.mark.parametrize("address", ["127.0.0.1:8989", "localhost", "[::1]:443"])
def test_only_a_loopback_vcenter_may_show_a_certificate_of_its_own(address: str) -> None:
    assert inputs(estates.vsphere_site(), INCLINE_SITE_DOWNTOWN_ENDPOINT=address)["allowUnverifiedSsl"] in (True, "true")


def test_passwords_and_keys_travel_as_secrets() -> None:
    assert inputs(estates.vsphere_site())["password"][SECRET]
    assert inputs(estates.aws_site())["secretKey"][SECRET]


def test_an_aws_provider_keeps_to_its_account_and_leaves_the_lease_of_a_move_alone() -> None:
    found = inputs(estates.aws_site(role="arn:aws:iam::123456789012:role/incline"))

    assert "123456789012" in str(found["allowedAccountIds"])
    assert "incline:move-" in str(found["ignoreTags"])
    assert "arn:aws:iam::123456789012:role/incline" in str(found["assumeRoles"])


def test_without_an_endpoint_of_its_own_aws_is_asked_where_aws_is() -> None:
    environ = {key: value for key, value in estates.ENVIRON.items() if key != "INCLINE_SITE_AWS_EAST_ENDPOINT"}

    recording = run_program(lambda: make_provider(estates.aws_site(), environ))

    assert "endpoints" not in recording.resources[0].inputs


def test_a_missing_credential_names_its_variable() -> None:
    with pytest.raises(MissingCredentialsError) as refused:
        run_program(lambda: make_provider(estates.vsphere_site(), {"INCLINE_VCENTER_USER": "engineer"}))

    assert "INCLINE_VCENTER_PASSWORD" in str(refused.value)

"""Where a site answers and with which credentials: the estate's entry, overridden by the environment.

The only reader of the `INCLINE_SITE_*` variables. It opens no connection; secrets pass through it and are never shown by it.
For a site `aws-east`: INCLINE_SITE_AWS_EAST_ENDPOINT, INCLINE_SITE_AWS_EAST_CA_FILE, INCLINE_SITE_AWS_EAST_NBD.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.errors import InclineError
from infra.estate.model import AwsSite, VsphereSite

_HTTPS = 443


class MissingCredentialsError(InclineError):
    """A variable that the estate names holds nothing."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """How to reach one site. `address` is host[:port] on vSphere and a URL, or nothing for AWS's own, on AWS."""

    site: str
    address: str
    ca_file: str = ""
    nbd: str = ""
    region: str = ""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    variables: tuple[str, ...] = field(default=(), compare=False)

    @property
    def credentials_from(self) -> str:
        """Where the credentials came from, for a person who has to correct them."""
        return " and ".join(self.variables) or "what the site's `credentials` name"

    @property
    def host(self) -> str:
        """The host name of a vCenter."""
        return self.address.partition(":")[0]

    @property
    def port(self) -> int:
        """The port of a vCenter; 443 when none is given."""
        return int(self.address.partition(":")[2] or _HTTPS)


def resolve(site: VsphereSite | AwsSite, environ: Mapping[str, str]) -> Endpoint:
    """The endpoint of a site.

    Raises:
        MissingCredentialsError: INC-6001, naming the variable that is not set.
    """
    prefix = variable_prefix(site.name)
    address = environ.get(f"{prefix}_ENDPOINT") or site.endpoint
    user, password = _credential(site, "user", environ), _credential(site, "password", environ)
    if isinstance(site, AwsSite):
        return Endpoint(
            site=site.name,
            address=address,
            ca_file=environ.get(f"{prefix}_CA_FILE", ""),
            region=site.region,
            user=user,
            password=password,
            session_token=environ.get("AWS_SESSION_TOKEN", ""),
            variables=_variables(site),
        )
    return Endpoint(
        site=site.name,
        address=address.removeprefix("https://").partition("/")[0],
        ca_file=environ.get(f"{prefix}_CA_FILE") or site.ca_file,
        nbd=environ.get(f"{prefix}_NBD", ""),
        user=user,
        password=password,
        variables=_variables(site),
    )


def variable_prefix(site: str) -> str:
    """The beginning of a site's variables: `INCLINE_SITE_AWS_EAST`."""
    return "INCLINE_SITE_" + site.upper().replace("-", "_")


def _variables(site: VsphereSite | AwsSite) -> tuple[str, ...]:
    return tuple(name for name in (site.credentials.user_env, site.credentials.password_env) if name)


def _credential(site: VsphereSite | AwsSite, kind: str, environ: Mapping[str, str]) -> str:
    """One credential; an AWS site that names none uses whatever the AWS SDK finds by itself, such as a role of the machine."""
    variable = site.credentials.user_env if kind == "user" else site.credentials.password_env
    if not variable and isinstance(site, AwsSite):
        return ""
    value = environ.get(variable, "") if variable else ""
    if not value:
        raise MissingCredentialsError(
            f"site {site.name}: no {kind} to sign on with",
            code="INC-6001",
            details=(f"the estate names the environment variable {variable or '(none)'}, which is not set",),
            next_step=f'export {variable}=..., or on the lab:  eval "$(incline lab env)"'
            if variable
            else f"name credentials.{kind}_env in sites/{site.name}.yaml",
        )
    return value

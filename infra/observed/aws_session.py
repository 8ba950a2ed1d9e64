"""One AWS account and region: boto3 clients, made when first asked for; a site's role is assumed and renewed."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.session import Session as CoreSession

from infra.endpoints import Endpoint
from infra.observed.errors import DeniedError, ObservedError, SignOnError, UnreachableError

# One layer of retries: botocore's adaptive mode paces itself when throttled; time-outs fit API calls, not data.
CONFIG = {"retries": {"mode": "adaptive", "max_attempts": 8}, "connect_timeout": 5, "read_timeout": 30}
SIGN_ON = {
    *("AuthFailure", "UnrecognizedClientException", "InvalidClientTokenId", "SignatureDoesNotMatch", "AccessDenied"),
    *("ExpiredToken", "ExpiredTokenException", "RequestExpired"),
}


class AwsError(ObservedError):
    """AWS refused a call. `aws_code` is its own code, such as `InvalidSnapshot.NotFound`."""

    def __init__(self, what: str, aws_code: str, *, next_step: str = "") -> None:
        super().__init__(what, code="INC-6020", next_step=next_step)
        self.aws_code = aws_code


class AwsSession:
    """Clients of one site. Threads may share it; boto3 clients are thread-safe."""

    def __init__(self, endpoint: Endpoint, *, role: str = "") -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._session = self._open(role)

    @property
    def site(self) -> str:
        """The site's name."""
        return self._endpoint.site

    @property
    def region(self) -> str:
        """The region."""
        return self._endpoint.region

    @property
    def url(self) -> str:
        """The address in place of AWS's own; empty for AWS's own."""
        return self._endpoint.address

    @property
    def ca_file(self) -> str:
        """The authority to trust; empty for the system's."""
        return self._endpoint.ca_file

    def client(self, service: str) -> Any:
        """The boto3 client of a service."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service,
                    region_name=self.region,
                    endpoint_url=self.url or None,
                    verify=self.ca_file or None,
                    config=Config(**CONFIG),
                )
            return self._clients[service]

    def credentials(self) -> tuple[str, str, str]:
        """Access key, secret key and session token of this moment; renewed when they are about to expire."""
        found = self._session.get_credentials()
        if found is None:
            raise SignOnError(
                f"site {self.site}: no AWS credentials", code="INC-6001", next_step="export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        try:
            frozen = found.get_frozen_credentials()  # a role is assumed, or assumed again, here
        except ClientError as exc:
            raise self._refused("sts:assume_role", exc) from exc
        except (BotoConnectionError, HTTPClientError) as exc:
            raise UnreachableError(f"site {self.site}: {self.url or 'AWS'} does not answer: {exc}", code="INC-6004") from exc
        return str(frozen.access_key), str(frozen.secret_key), str(frozen.token or "")

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """One call, `operation` in boto3's spelling. Errors become errors for people."""
        try:
            return dict(getattr(self.client(service), operation)(**arguments))
        except ClientError as exc:
            raise self._refused(f"{service}:{operation}", exc) from exc
        except NoCredentialsError as exc:
            raise SignOnError(f"site {self.site}: no AWS credentials", code="INC-6001") from exc
        except (BotoConnectionError, HTTPClientError) as exc:
            raise UnreachableError(f"site {self.site}: {self.url or 'AWS'} does not answer: {exc}", code="INC-6004") from exc
        except BotoCoreError as exc:
            raise ObservedError(f"site {self.site}: {service}:{operation}: {exc}", code="INC-6021") from exc

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> list[dict[str, Any]]:
        """All items under `key` of all pages. An empty page is not the end."""
        items: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            answer = self.call(service, operation, **arguments, **token)
            items.extend(answer.get(key) or ())
            if not answer.get("NextToken"):
                return items
            token = {"NextToken": answer["NextToken"]}

    def close(self) -> None:
        """Close the clients' connections."""
        with self._lock:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    def _open(self, role: str) -> Any:
        here = self._endpoint
        base = boto3.Session(
            aws_access_key_id=here.user or None,
            aws_secret_access_key=here.password or None,
            aws_session_token=here.session_token or None,
            region_name=here.region,
        )
        if not role:
            return base
        sts = base.client("sts", endpoint_url=here.address or None, verify=here.ca_file or None, config=Config(**CONFIG))

        def assume() -> dict[str, str]:
            found = sts.assume_role(RoleArn=role, RoleSessionName="incline")["Credentials"]
            return {
                "access_key": found["AccessKeyId"],
                "secret_key": found["SecretAccessKey"],
                "token": found["SessionToken"],
                "expiry_time": found["Expiration"].isoformat(),
            }

        core = CoreSession()
        core._credentials = DeferredRefreshableCredentials(assume, "sts-assume-role")  # noqa: SLF001 - botocore has no public setter
        return boto3.Session(botocore_session=core, region_name=here.region)

    def _refused(self, call: str, exc: Any) -> ObservedError:
        error = exc.response.get("Error", {})
        code, message = str(error.get("Code", "")), str(error.get("Message", ""))
        if code in SIGN_ON:
            kind = DeniedError if code == "AccessDenied" else SignOnError
            return kind(
                f"site {self.site}: {call}: {code}: {message}",
                code="INC-6002",
                next_step=f"check {self._endpoint.credentials_from}, and the role's permissions; then run the same command again",
            )
        return AwsError(f"site {self.site}: {call}: {code}: {message}", code)

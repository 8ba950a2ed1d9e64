"""The session on AWS: clients made from the provider's configuration, and the facts that ARNs are built from."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lab.providers.failures import ProviderError
from lab.providers.table import Problem
from lab.providers.values import Values

_GONE = re.compile(r"NotFound|NoSuch|Unknown$|DoesNotExist|ResourceNotFound")


@dataclass
class AwsSession:
    """Clients of one region and account, made when first needed."""

    config: Values
    _clients: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _account: str = ""
    _others: dict[str, AwsSession] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """The region of the configuration, or of the environment."""
        region = self.config.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        if not region:
            raise ProviderError("no AWS region: set aws:region or AWS_REGION")
        return str(region)

    @property
    def account(self) -> str:
        """The account that the credentials belong to."""
        if not self._account:
            self._account = str(self.client("sts").get_caller_identity()["Account"])
        return self._account

    def client(self, service: str) -> Any:
        """The client of a service; thread-safe, one per service."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make(service)
            return self._clients[service]

    def within(self, region: object) -> AwsSession:
        """The session of another region, for a resource that names one (pulumi-aws 7)."""
        if not isinstance(region, str) or not region or region == self.region:
            return self
        with self._lock:
            if region not in self._others:
                self._others[region] = AwsSession({**self.config, "region": region})
            return self._others[region]

    @property
    def ec2(self) -> Any:
        """The EC2 client."""
        return self.client("ec2")

    def arn(self, service: str, resource: str, *, owner: str = "", regional: bool = True) -> str:
        """An ARN in this account and region."""
        return f"arn:aws:{service}:{self.region if regional else ''}:{owner or self.account}:{resource}"

    def _make(self, service: str) -> Any:
        session = boto3.session.Session(
            aws_access_key_id=self.config.get("accessKey"),
            aws_secret_access_key=self.config.get("secretKey"),
            aws_session_token=self.config.get("token"),
            profile_name=self.config.get("profile"),
            region_name=self.region,
        )
        retries = {"mode": "standard", "max_attempts": int(self.config.get("maxRetries") or 25)}
        return session.client(
            service,
            endpoint_url=self._endpoint(service),
            verify=not self.config.get("insecure", False),
            config=Config(retries=retries, user_agent_extra="incline-lab-provider", max_pool_connections=32),
        )

    def _endpoint(self, service: str) -> str | None:
        for block in self.config.get("endpoints") or []:
            if block.get(service):
                return str(block[service])
        return os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or os.environ.get("AWS_ENDPOINT_URL")


def required_config(config: Values) -> Iterable[Problem]:
    """A region is needed, as upstream needs it."""
    if not (config.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or config.get("profile")):
        yield Problem(
            property="region", reason="missing required configuration key 'aws:region': the region where AWS operations take place"
        )


def connect(config: Values) -> AwsSession:
    """A session on the right account, or none: upstream asks who it is before anything else."""
    session = AwsSession(config)
    allowed, forbidden = config.get("allowedAccountIds"), config.get("forbiddenAccountIds") or ()
    if config.get("skipCredentialsValidation") and not allowed and not forbidden:
        return session
    try:
        account = session.account
    except (ClientError, BotoCoreError) as error:
        raise ProviderError(f"retrieving AWS account details: validating provider credentials: {error}") from error
    if (allowed and account not in allowed) or account in forbidden:
        raise ProviderError(f"AWS account ID not allowed: {account}")
    return session


def code_of(error: ClientError) -> str:
    """AWS's own code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_gone(error: ClientError) -> bool:
    """Whether the error says that the thing does not exist."""
    return bool(_GONE.search(code_of(error)))


def pick(answer: Any, path: str) -> Any:
    """The value at a dotted path of an answer, or None; a number picks from a list."""
    for part in path.split("."):
        if isinstance(answer, list):
            index = int(part)
            answer = answer[index] if index < len(answer) else None
        else:
            answer = answer.get(part) if isinstance(answer, dict) else None
        if answer is None:
            return None
    return answer

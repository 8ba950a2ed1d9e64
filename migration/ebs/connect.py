"""The EBS direct client of a site, signed with the credentials of its `AwsSession`."""

from __future__ import annotations

from infra.observed.aws_session import AwsSession
from migration.ebs.api import EbsApi
from migration.ebs.signing import AwsCredentials
from migration.retry import Retry


def ebs_api(session: AwsSession, *, retry: Retry | None = None) -> EbsApi:
    """A client of the site's EBS direct APIs. Credentials are asked for with every request, so rotated ones are used at once."""
    return EbsApi(
        region=session.region,
        url=session.url,
        ca_file=session.ca_file,
        credentials=lambda: AwsCredentials(*session.credentials()),
        retry=retry,
    )

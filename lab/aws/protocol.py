"""Errors in the protocol of the service that was called, and who called what: service, region and operation of any AWS request."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from lab.aws.ebs import wire
from lab.aws.http import Request, Response


@dataclass(frozen=True)
class Call:
    """What a request asks for. `operation` is empty when only the path would tell."""

    service: str
    region: str
    access_key: str
    operation: str


def identify(request: Request) -> Call:
    """Reads the credential scope of the Authorization header and the operation's name from where its protocol puts it."""
    service, region, key = "", "us-east-1", ""
    scope = request.headers.get("authorization", "").partition("Credential=")[2].partition(",")[0].strip().split("/")
    if len(scope) == 5:
        key, _, region, service, _ = scope
    operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
    if service == "ebs":
        found = wire.operation(request)
        operation = found[0] if found else ""
    elif not operation and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        operation = dict(parse_qsl(request.body[:65536].decode("utf-8", "replace"))).get("Action", "")
    return Call(service.lower(), region, key, operation or request.parameters().get("Action", ""))


THROTTLED = {
    "ec2": ("RequestLimitExceeded", 503, "Request limit exceeded."),
    "ebs": ("RequestThrottledException", 400, "The number of API requests has exceeded the limit."),
    "s3": ("SlowDown", 503, "Please reduce your request rate."),
    "iam": ("Throttling", 400, "Rate exceeded"),
    "sts": ("Throttling", 400, "Rate exceeded"),
}
"""AWS's own codes for too many requests; services that are not named answer ThrottlingException."""
QUERY = {"iam", "sts", "sns", "autoscaling", "elasticloadbalancing", "cloudformation", "rds", "elasticache", "ses", "sqs", "monitoring"}


def throttled(service: str, reason: str = "ACCOUNT_THROTTLED") -> Response:
    """Too many requests, as the service says it."""
    code, status, message = THROTTLED.get(service, ("ThrottlingException", 400, "Rate exceeded"))
    return error(service, code, status, message, reason if service == "ebs" else "")


def unknown_key(service: str) -> Response:
    """The access key does not exist, as the service says it."""
    if service == "ec2":
        return error(service, "AuthFailure", 401, "AWS was not able to validate the provided access credentials")
    code = "InvalidClientTokenId" if service in QUERY else "UnrecognizedClientException"
    return error(service, code, 403, "The security token included in the request is invalid.")


def not_modelled(service: str, what: str) -> Response:
    """The lab does not have this call. 501, so that nobody takes it for an answer of AWS, and never retried."""
    code = "NotImplemented" if service in QUERY | {"ec2", "s3"} else "NotImplementedException"
    return error(service, code, 501, f"The lab's AWS does not model {service or 'this service'} {what}".rstrip() + ".")


def error(service: str, code: str, status: int, message: str, reason: str = "") -> Response:
    """An error answer in the service's protocol."""
    request_id = str(uuid.uuid4())
    text, code_text = escape(message), escape(code)
    if service == "ec2":
        body = f"<Response><Errors><Error><Code>{code_text}</Code><Message>{text}</Message></Error></Errors>"
        return _xml(status, body + f"<RequestID>{request_id}</RequestID></Response>")
    if service in QUERY:
        kind = "Sender" if status < 500 else "Receiver"
        body = f"<ErrorResponse><Error><Type>{kind}</Type><Code>{code_text}</Code><Message>{text}</Message></Error>"
        return _xml(status, body + f"<RequestId>{request_id}</RequestId></ErrorResponse>")
    if service in {"s3", "route53", "cloudfront"}:
        return _xml(status, f"<Error><Code>{code_text}</Code><Message>{text}</Message><RequestId>{request_id}</RequestId></Error>")
    fields = {"__type": code, "message": message, "Message": message, **({"Reason": reason} if reason else {})}
    headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", code), ("x-amzn-RequestId", request_id))
    return Response(status, json.dumps(fields).encode(), headers)


def _xml(status: int, body: str) -> Response:
    return Response(status, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode(), (("Content-Type", "text/xml"),))

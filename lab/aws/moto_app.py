"""moto behind one function: a request in, an answer out. What moto does not have becomes an error in the service's own protocol."""

from __future__ import annotations

import io
import os
from contextlib import AbstractContextManager
from functools import partial
from typing import Any
from urllib.parse import unquote

from moto import settings as moto_settings
from moto.cloudwatch.models import cloudwatch_backends
from moto.ec2 import urls as ec2_urls
from moto.ec2 import utils as ec2_utils
from moto.ec2.models import ec2_backends
from moto.ec2.models import instances as ec2_instances
from moto.kms import urls as kms_urls
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.servicequotas import urls as quota_urls
from moto.servicequotas.models import servicequotas_backends

from lab.aws import protocol
from lab.aws.ec2.answers import LabEc2Response
from lab.aws.ec2.backend import LabEc2
from lab.aws.ec2.instances import LabInstance
from lab.aws.ec2.world import World
from lab.aws.http import Request, Response
from lab.aws.keys import LabKmsResponse
from lab.aws.metrics import LabCloudWatch
from lab.aws.protocol import Call
from lab.aws.quotas import LabQuotas, LabQuotasResponse

FILTERS = {
    "block-device-mapping.device-name": "device_names",
    "block-device-mapping.volume-id": "volume_ids",
    "client-token": "client_token",
    "instance-lifecycle": "lifecycle",
    "metadata-options.http-tokens": "metadata_options.http_tokens",
    "network-interface.addresses.private-ip-address": "private_ip",
    "network-interface.network-interface-id": "interface_ids",
    "network-interface.subnet-id": "subnet_id",
    "network-interface.vpc-id": "vpc_id",
    "placement-group-name": "placement.group_name",
    "root-device-name": "root_device_name",
    "virtualization-type": "virtualization_type",
}
"""Filters of DescribeInstances that moto does not know, and the attribute each looks at."""


def mend(world: World) -> None:
    """Puts the lab's EC2 in the place of moto's and sets moto's own switches. Once per process, before the first request."""
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    moto_settings.EC2_ENABLE_INSTANCE_TYPE_VALIDATION = True
    ec2_backends.backend = partial(LabEc2, world)
    ec2_urls.url_paths = {"{0}/": LabEc2Response.dispatch}
    cloudwatch_backends.backend = partial(LabCloudWatch, world.settings)
    servicequotas_backends.backend = LabQuotas
    quota_urls.url_paths = {"{0}/$": LabQuotasResponse.dispatch}
    kms_urls.url_paths = {"{0}/$": LabKmsResponse.dispatch}
    ec2_instances.Instance = LabInstance
    ec2_utils.filter_dict_attribute_mapping.update(FILTERS)
    ec2_utils.EC2_RESOURCE_TO_PREFIX["placement-group"] = "pg"
    ec2_utils.EC2_PREFIX_TO_RESOURCE["pg"] = "placement-group"


class MotoApp:
    """moto's WSGI application, called directly, one call at a time: its services look into each other while they answer."""

    def __init__(self, lock: AbstractContextManager[bool]) -> None:
        self._lock = lock
        self._app = DomainDispatcherApplication(create_backend_app)

    def __call__(self, request: Request, call: Call) -> Response:
        """Answers one request. A call that moto has only as a stub, or not at all, answers 501."""
        said: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> None:
            said[:] = [int(status.split(maxsplit=1)[0]), headers]

        try:
            with self._lock:
                body = b"".join(self._app(_environ(request), start_response))
        except NotImplementedError as reason:
            return protocol.not_modelled(call.service, f"{call.operation} {str(reason).partition(' Feel free')[0]}".strip())
        except AttributeError as reason:
            if "'replace'" in str(reason):  # moto looks up the application of a service that it does not have
                return protocol.not_modelled(call.service, call.operation)
            return _failed(call, reason)
        except KeyError as reason:
            if reason.args == (call.region,):
                return protocol.error(call.service, "InvalidRegion", 400, f"There is no region '{call.region}'.")
            return _failed(call, reason)
        except Exception as reason:  # noqa: BLE001 whatever moto raises leaves it as an HTML page; clients need an error they can read
            return _failed(call, reason)
        status, headers = said
        if status in {404, 405, 500} and body.lstrip()[:9].lower() == b"<!doctype":
            return protocol.not_modelled(call.service, f"{request.method} {request.path} {call.operation}".strip())
        kept = tuple((name, value) for name, value in headers if name.lower() not in {"content-length", "connection", "date", "server"})
        return Response(status, body, kept)


def _failed(call: Call, reason: Exception) -> Response:
    code = "InternalError" if call.service in protocol.QUERY | {"ec2"} else "InternalFailure"
    return protocol.error(call.service, code, 500, f"{call.operation}: moto failed with {type(reason).__name__}: {reason}")


def _environ(request: Request) -> dict[str, Any]:
    headers = request.headers
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(request.path, "latin-1"),
        "RAW_URI": f"{request.path}?{request.query}" if request.query else request.path,
        "QUERY_STRING": request.query,
        "SERVER_NAME": headers.get("host", "127.0.0.1").partition(":")[0],
        "SERVER_PORT": headers.get("host", "").partition(":")[2] or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(request.body)),
    }
    if "content-type" in headers:
        environ["CONTENT_TYPE"] = headers["content-type"]
    for name, value in headers.items():
        if name not in {"content-type", "content-length", "transfer-encoding"}:
            environ["HTTP_" + name.upper().replace("-", "_")] = value
    return environ

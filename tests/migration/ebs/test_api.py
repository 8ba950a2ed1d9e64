"""Our signatures are botocore's, and every answer of AWS is worth either another attempt or none."""

import json
import socket
import threading
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from migration.blocks.digests import ZERO_BLOCK, ZERO_DIGEST
from migration.ebs.api import EbsApi, NewSnapshot
from migration.ebs.errors import EbsError, error_of
from migration.ebs.signing import AwsCredentials, Signer, query_string
from migration.retry import Retry
from migration.types import PermanentError, TransientError

WHO = AwsCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", "")
NOW = datetime(2026, 11, 25, 15, 30, 11, tzinfo=UTC)


@given(st.dictionaries(st.sampled_from(["pageToken", "maxResults", "blockToken"]), st.text("aZ09+/= ~é", max_size=12)), st.booleans())
def test_signs_as_botocore_does(query, with_token):
    who = WHO._replace(session_token="session/token==") if with_token else WHO
    signer = Signer(service="ebs", region="us-east-1", host="127.0.0.1:5555", credentials=lambda: who)
    ours = signer.headers("GET", "/snapshots/snap-1/blocks", query, {"X-Amz-Checksum": "abc"}, "0" * 64, NOW)
    request = AWSRequest(
        "GET",
        f"http://127.0.0.1:5555/snapshots/snap-1/blocks?{query_string(query)}"
        if query
        else "http://127.0.0.1:5555/snapshots/snap-1/blocks",
        headers={k: v for k, v in ours.items() if k != "Authorization"},
    )
    theirs = SigV4Auth(Credentials(who.access_key, who.secret_key, who.session_token or None), "ebs", "us-east-1")
    request.context["timestamp"] = NOW.strftime("%Y%m%dT%H%M%SZ")
    signature = theirs.signature(theirs.string_to_sign(request, theirs.canonical_request(request)), request)

    assert ours["Authorization"].endswith(f"Signature={signature}")


def test_rotated_credentials_are_used_from_the_next_request_on():
    held = [WHO]
    signer = Signer(service="ebs", region="us-east-1", host="h", credentials=lambda: held[0])
    first = signer.headers("GET", "/", {}, {}, "x", NOW)["Authorization"]
    held[0] = AwsCredentials("AKIDEXAMPLE", "another", "")

    assert signer.headers("GET", "/", {}, {}, "x", NOW)["Authorization"] != first
    assert "another" not in repr(held[0])


def test_query_is_encoded_as_aws_wants_it():
    assert query_string({"b": "1/2=", "a": "x y"}) == "a=x%20y&b=1%2F2%3D"
    assert query_string({}) == urlencode({})


@pytest.mark.parametrize("code", ["ThrottlingException", "RequestThrottledException", "InternalServerException", "ExpiredTokenException"])
def test_what_passes_is_transient(code):
    assert isinstance(error_of("op", 400, {}, json.dumps({"__type": f"x#{code}:y", "message": "m"}).encode()), TransientError)


def test_a_gateway_that_fails_is_transient_whatever_it_says():
    assert isinstance(error_of("op", 503, {}, b"<html>busy</html>"), TransientError)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, "ValidationException", "UNRELATED_SNAPSHOTS"),
        (404, "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND"),
        (403, "AccessDeniedException", ""),
    ],
)
def test_what_stays_is_permanent_and_keeps_aws_s_reason(status, code, reason):
    error = error_of("op", status, {"x-amzn-ErrorType": code}, json.dumps({"Message": "no", "Reason": reason}).encode())

    assert isinstance(error, EbsError)
    assert isinstance(error, PermanentError)
    assert (error.aws_code, error.reason) == (code, reason)


def test_a_body_that_is_no_json_object_is_told_as_it_is():
    assert "teapot" in str(error_of("op", 418, {}, b'"teapot"'))


@pytest.mark.parametrize("parent", ["", "snap-0a"])
def test_only_the_first_snapshot_names_encryption_and_key(parent):
    body = NewSnapshot(size_gib=41, token="t", parent=parent, kms_key="arn:aws:kms:k", tags=(("a", "b"),)).body()

    assert ("ParentSnapshotId" in body) == bool(parent)
    assert ("Encrypted" in body) == ("KmsKeyArn" in body) == (not parent)
    assert (body["VolumeSize"], body["ClientToken"], body["Tags"]) == (41, "t", [{"Key": "a", "Value": "b"}])


@pytest.fixture
def silent():
    """A server that hangs up on every request; counts them."""
    served = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    conn, _ = listener.accept()
                except OSError:
                    return
                conn.recv(100)
                served.append(1)
                conn.close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", served
        listener.shutdown(socket.SHUT_RDWR)


def test_a_server_that_hangs_up_is_given_several_chances(silent):
    url, served = silent
    api = EbsApi(region="us-east-1", url=url, credentials=lambda: WHO, retry=Retry(attempts=3, sleep=lambda _: None))
    with pytest.raises(TransientError, match="PutSnapshotBlock snap-1 block 7"):
        api.put_block("snap-1", 7, ZERO_BLOCK, ZERO_DIGEST)
    api.close()
    assert len(served) == 3


def test_a_stop_ends_the_waiting(silent):
    stop = threading.Event()
    stop.set()
    api = EbsApi(region="us-east-1", url=silent[0], credentials=lambda: WHO, retry=Retry(sleep=stop.wait))
    with pytest.raises(TransientError):
        api.list_blocks("snap-1")
    api.close()

"""Pages, renewals, broken connections and refusals, against a vCenter that answers what the test wrote."""

import pytest

from infra.observed.errors import GoneError, ObservedError, UnreachableError, VsphereFault
from infra.observed.soap.reader import PropertyReader
from tests.infra.observed.soap.scripted import Reply, scripted
from tests.infra.observed.soap.wire import fault, obj, page, prop, tree


def named(*names, token=""):
    return Reply(page(*(obj(prop("name", "xsd:string", name), moref=f"vm-{name}") for name in names), token=token))


def refusal(content):
    return Reply(fault(content), status=500)


NOT_AUTHENTICATED = refusal('<NotAuthenticatedFault xsi:type="NotAuthenticated"/>')


def gone(moref):
    about = f'<obj type="VirtualMachine">{moref}</obj>'
    return refusal(f'<ManagedObjectNotFoundFault xsi:type="ManagedObjectNotFound">{about}</ManagedObjectNotFoundFault>')


@pytest.fixture
def answering(tmp_path):
    return lambda *replies: scripted(tmp_path, tree, *replies)


def read(session, paths=("name",), **more):
    with PropertyReader(session, **more) as reader:
        return [each.values.get("name") for each in reader.of_type("VirtualMachine", paths)]


def test_pages_follow_their_tokens_and_the_view_is_removed(answering):
    with answering(named("a", "b", token="t&amp;1"), named("c", token="t2"), named("d")) as (session, script):
        assert read(session, page=2) == ["a", "b", "c", "d"]

    assert script.asked == ["CreateContainerView", "RetrievePropertiesEx", *["ContinueRetrievePropertiesEx"] * 2, "DestroyView"]
    assert b"<maxObjects>2</maxObjects>" in script.requests[1]
    assert b"<token>t&amp;1</token>" in script.requests[2]


def test_a_vcenter_without_such_objects_gives_none(answering):
    with answering(Reply(tree("<RetrievePropertiesExResponse/>"))) as (session, _):
        assert read(session) == []


def test_packed_answers_are_asked_for_and_unpacked(answering):
    packed = named("a")
    packed.packed = True
    with answering(packed) as (session, script):
        assert read(session, compress=True) == ["a"]
    assert set(script.packings) == {"gzip"}


def test_an_expired_login_is_renewed_and_no_object_comes_twice(answering):
    with answering(named("a", token="t"), NOT_AUTHENTICATED, named("a", token="t"), named("b")) as (session, script):
        assert read(session) == ["a", "b"]

    assert (script.cookies[0], script.cookies[-1]) == ('vmware_soap_session="1"', 'vmware_soap_session="2"')
    assert script.asked.count("CreateContainerView") == 2


def test_a_login_that_stays_refused_is_an_error(answering):
    with answering(*[NOT_AUTHENTICATED] * 3) as (session, _), pytest.raises(VsphereFault, match="hill: NotAuthenticated") as caught:
        read(session)
    assert caught.value.code == "INC-6010"


@pytest.mark.parametrize("broken", [Reply(b"x" * 100, cut=40), Reply(b"", status=503), Reply(named("a").body, cut=60)])
def test_a_connection_that_breaks_is_tried_again(answering, broken):
    with answering(named("a", token="t"), broken, named("a", token="t"), named("b")) as (session, _):
        assert read(session) == ["a", "b"]


def test_a_connection_that_breaks_each_time_is_an_error_with_a_next_step(answering):
    with (
        answering(*[Reply(b"", status=502)] * 3) as (session, _),
        pytest.raises(UnreachableError, match="broke off 3 times: HTTP 502") as caught,
    ):
        read(session)
    assert (caught.value.code, bool(caught.value.next_step)) == ("INC-6004", True)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(named("a").body[:-30]), "not well-formed"),
        (Reply(b"<html>proxy</html>"), "no SOAP envelope"),
        (Reply(b"no gzip", packed=False, status=500), "not well-formed"),
    ],
)
def test_an_answer_that_cannot_be_read_is_said_to_be_so(answering, reply, said):
    with answering(reply) as (session, _), pytest.raises(ObservedError, match=said) as caught:
        read(session)
    assert caught.value.code == "INC-6015"


def test_a_property_that_an_older_vcenter_does_not_know_is_left_out(answering):
    unknown = refusal('<InvalidPropertyFault xsi:type="InvalidProperty"><name>config.keyId</name></InvalidPropertyFault>')
    with answering(unknown, named("a")) as (session, script), PropertyReader(session) as reader:
        (only,) = reader.of_type("VirtualMachine", ("name", "config.keyId"))

    assert (only.values, only.missing) == ({"name": "a"}, {"config.keyId": "InvalidProperty"})
    assert b"config.keyId" not in script.requests[-2]


def test_other_refusals_carry_the_type_of_the_fault(answering):
    with answering(refusal('<NoPermissionFault xsi:type="NoPermission"/>')) as (session, _), pytest.raises(VsphereFault) as caught:
        read(session)
    assert caught.value.fault == "NoPermission"


def test_a_machine_that_goes_while_the_view_is_read_is_tried_without(answering):
    with answering(gone("vm-a"), named("b")) as (session, script):
        assert read(session) == ["b"]
    assert script.asked.count("CreateContainerView") == 2


def test_an_object_that_stays_gone_is_told_by_its_id(answering):
    with answering(*[gone("vm-a")] * 3) as (session, _), pytest.raises(GoneError, match="hill: vm-a does not exist"):
        read(session)


def test_named_objects_that_exist_no_longer_are_left_out(answering):
    with answering(gone("vm-b"), named("a", "c")) as (session, script), PropertyReader(session) as reader:
        found = [each.moref for each in reader.named("VirtualMachine", ["vm-a", "vm-b", "vm-c"], ("name",))]

    assert found == ["vm-a", "vm-c"]
    assert b"vm-b" not in script.requests[-1]


def test_a_reading_that_is_given_up_leaves_a_usable_reader(answering):
    with answering(named("a", token="t"), named("b"), named("c")) as (session, _), PropertyReader(session) as reader:
        begun = reader.of_type("VirtualMachine", ("name",))
        assert next(begun).moref == "vm-a"
        begun.close()

        assert [each.moref for each in reader.of_type("VirtualMachine", ("name",))] == ["vm-c"]


def test_names_with_marks_of_xml_are_sent_as_text(answering):
    with answering(named("a")) as (session, script), PropertyReader(session) as reader:
        list(reader.of_type("VirtualMachine", ("name",), within=("Folder", 'a<&"b')))

    assert b'<container type="Folder">a&lt;&amp;"b</container>' in script.requests[0]

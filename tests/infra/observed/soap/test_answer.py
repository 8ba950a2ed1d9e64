"""Answers as they come off the wire: what is made of them, and what is said of those that are none."""

import pytest

from infra.observed.soap.answer import BadAnswerError, FaultAnswer, Page
from infra.observed.soap.shapes import KIND, Many, flag, listed, moment, number, only, plain, record, text
from tests.infra.observed.soap.wire import fault, obj, page, prop, tree


def found(body, wanted):
    return list(Page(body).objects(wanted))


def values(body, *paths):
    (only,) = found(body, dict.fromkeys(paths, plain))
    return only.values


def test_simple_values_are_what_their_type_says():
    body = page(
        obj(
            prop("name", "xsd:string", "db &amp; co"),
            prop("n", "xsd:int", "4096"),
            prop("l", "xsd:long", "8796093022208"),
            prop("f", "xsd:float", "0.5"),
            prop("yes", "xsd:boolean", "true"),
            prop("no", "xsd:boolean", "0"),
            prop("at", "xsd:dateTime", "2026-11-25T20:00:00.123456789Z"),
            prop("naive", "xsd:dateTime", "2026-11-25T20:00:00"),
            prop("raw", "xsd:base64Binary", "aGVsbG8="),
            prop("power", "VirtualMachinePowerState", "poweredOn"),
            prop("parent", "ManagedObjectReference", "group-v3", type="Folder"),
            prop("empty", "xsd:string", ""),
        )
    )

    got = values(body, "name", "n", "l", "f", "yes", "no", "at", "naive", "raw", "power", "parent", "empty")

    assert (got["name"], got["n"], got["l"], got["f"], got["yes"], got["no"]) == ("db & co", 4096, 1 << 43, 0.5, True, False)
    assert (got["raw"], got["power"], got["parent"], got["empty"]) == (b"hello", "poweredOn", "group-v3", "")
    assert got["at"].isoformat() == "2026-11-25T20:00:00.123456+00:00"
    assert got["naive"].isoformat() == "2026-11-25T20:00:00+00:00"


def test_lists_of_simple_values_and_references():
    body = page(
        obj(
            prop("network", "ArrayOfManagedObjectReference", '<ManagedObjectReference type="Network">network-7</ManagedObjectReference>'),
            prop("ips", "ArrayOfString", "<string>10.0.0.1</string><string>fe80::1</string>"),
            prop("keys", "ArrayOfInt", "<int>2000</int><int>2001</int>"),
            prop("mixed", "ArrayOfAnyType", '<anyType xsi:type="xsd:int">3</anyType><anyType xsi:type="xsd:string">3</anyType>'),
            prop("none", "ArrayOfVirtualDevice", ""),
            prop("words", "ArrayOfString", ""),
        )
    )

    assert values(body, "network", "ips", "keys", "mixed", "none", "words") == {
        "network": ["network-7"],
        "ips": ["10.0.0.1", "fe80::1"],
        "keys": [2000, 2001],
        "mixed": [3, "3"],
        "none": [],
        "words": [],
    }


def test_a_data_object_gives_the_fields_that_are_asked_for_and_passes_over_the_rest():
    disk = record(key=number, deviceInfo=record(label=text), backing=record(fileName=text, thinProvisioned=flag), tag=Many(text))
    devices = (
        '<VirtualDevice xsi:type="VirtualDisk"><key>2000</key><fromTheFuture><deep><x>1</x></deep></fromTheFuture>'
        '<deviceInfo xsi:type="Description"><label>Hard disk 1</label><summary>40 GB</summary></deviceInfo>'
        '<backing xsi:type="vim25:VirtualDiskFlatVer2BackingInfo"><fileName>[fast] a.vmdk</fileName>'
        "<thinProvisioned>true</thinProvisioned></backing><tag>a</tag><tag>b</tag></VirtualDevice>"
        '<VirtualDevice xsi:type="VirtualKeyboard"><key>600</key></VirtualDevice>'
    )
    body = page(obj(prop("config.hardware.device", "ArrayOfVirtualDevice", devices)))

    (only,) = found(body, {"config.hardware.device": listed(disk, without=("VirtualKeyboard",))})

    assert only.values["config.hardware.device"] == [
        {
            KIND: "VirtualDisk",
            "key": 2000,
            "deviceInfo": {KIND: "Description", "label": "Hard disk 1"},
            "backing": {KIND: "VirtualDiskFlatVer2BackingInfo", "fileName": "[fast] a.vmdk", "thinProvisioned": True},
            "tag": ["a", "b"],
        }
    ]


def test_of_a_data_object_one_field_may_be_all_that_matters():
    body = page(obj(prop("a", "Description", "<label>x</label><summary>y</summary>"), prop("b", "Description", "<summary>y</summary>")))

    (got,) = found(body, {"a": only("label", text), "b": only("label", text)})
    assert got.values == {"a": "x", "b": None}


def test_a_data_object_without_named_fields_is_refused_rather_than_guessed():
    body = page(obj(prop("summary", "VirtualMachineSummary", "<vm>vm-1</vm>")))
    with pytest.raises(BadAnswerError, match="vm-1 summary: VirtualMachineSummary is a data object: name the fields"):
        values(body, "summary")


def test_what_could_not_be_read_is_told_with_its_reason():
    missing = (
        "<missingSet><path>config.keyId</path><fault><fault xsi:type=\"NoPermission\"><object type='Folder'>group-d1</object></fault>"
        "<localizedMessage>no</localizedMessage></fault></missingSet>"
    )
    (only,) = found(page(obj(prop("name", "xsd:string", "a"), missing)), {"name": plain, "config.keyId": plain})

    assert (only.values, only.missing) == ({"name": "a"}, {"config.keyId": "NoPermission"})


def test_properties_that_nobody_asked_for_and_unknown_elements_are_passed_over():
    body = page(obj("<surprise><x/></surprise>", prop("other", "NewType", "<a>1</a>"), prop("name", "xsd:string", "a")), "<more/>")

    assert values(body, "name") == {"name": "a"}


def test_a_property_whose_parts_come_in_another_order_is_read_all_the_same():
    body = page(obj('<propSet><val xsi:type="xsd:string">a</val><extra/><name>name</name></propSet>'))

    assert values(body, "name") == {"name": "a"}


@pytest.mark.parametrize(("shape", "said"), [(number, "many"), (flag, "perhaps"), (moment, "yesterday")])
def test_a_value_that_is_not_of_its_kind_names_object_and_path(shape, said):
    body = page(obj(prop("config.x", "xsd:string", said)))
    with pytest.raises(BadAnswerError, match=r"vm-1 config\.x"):
        found(body, {"config.x": shape})


def test_the_token_is_known_before_the_page_is_parsed():
    body = page(obj(prop("name", "xsd:string", "a")), token="session-1-token")

    assert Page(body).token == "session-1-token"
    assert Page(page(obj())).token == ""


def test_a_token_in_a_value_is_none():
    body = page(obj(prop("name", "xsd:string", "&lt;token&gt;x&lt;/token&gt;")))

    assert Page(body).token == ""
    assert values(body, "name") == {"name": "<token>x</token>"}


def test_nothing_found_is_no_page():
    nothing = Page(tree("<RetrievePropertiesExResponse/>"))

    assert (nothing.token, list(nothing.objects({}))) == ("", [])


def test_objects_come_in_order_across_lines_and_attributes():
    body = page(*(obj(prop("name", "xsd:string", f"n{i}"), moref=f"vm-{i}") for i in range(5)), token="t")
    body = body.replace(b"<objects>", b'<objects\n xsi:type="ObjectContent">', 2)

    assert [(each.moref, each.values["name"]) for each in found(body, {"name": plain})] == [(f"vm-{i}", f"n{i}") for i in range(5)]


def test_an_inner_element_of_the_same_name_changes_nothing():
    inner = "<objects><obj type='VirtualMachine'>vm-7</obj></objects><objects/>"
    body = page(obj(prop("config.x", "Sets", inner), prop("name", "xsd:string", "a")), obj(prop("name", "xsd:string", "b"), moref="vm-2"))

    got = {each.moref: each.values for each in found(body, {"name": plain})}
    assert got == {"vm-1": {"name": "a"}, "vm-2": {"name": "b"}}


def test_elements_with_prefixes_are_the_same_elements():
    body = page(obj(prop("name", "xsd:string", "a")), token="t")
    for name in ("returnval", "token", "objects", "obj", "propSet", "name", "val"):
        body = body.replace(f"<{name}>".encode(), f"<vim25:{name}>".encode()).replace(f"<{name} ".encode(), f"<vim25:{name} ".encode())
        body = body.replace(f"</{name}>".encode(), f"</vim25:{name}>".encode())
    body = body.replace(b' xmlns="urn:vim25"', b"").replace(b"<RetrieveProperties", b"<vim25:RetrieveProperties")
    body = body.replace(b"</RetrieveProperties", b"</vim25:RetrieveProperties")

    assert (Page(body).token, values(body, "name")) == ("t", {"name": "a"})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            fault('<NotAuthenticatedFault xsi:type="NotAuthenticated"><privilegeId>System.View</privilegeId></NotAuthenticatedFault>'),
            ("NotAuthenticated", ""),
        ),
        (
            fault(
                '<ManagedObjectNotFoundFault xsi:type="ManagedObjectNotFound"><obj type="Folder">group-9</obj></ManagedObjectNotFoundFault>'
            ),
            ("ManagedObjectNotFound", "group-9"),
        ),
        (
            fault('<InvalidPropertyFault xsi:type="vim25:InvalidProperty"><name>config.x</name></InvalidPropertyFault>'),
            ("InvalidProperty", "config.x"),
        ),
        (fault("<RuntimeFaultFault/>"), ("RuntimeFault", "")),
        (fault(""), ("ServerFaultCode", "")),
    ],
)
def test_a_fault_is_known_by_its_type(body, expected):
    with pytest.raises(FaultAnswer) as caught:
        Page(body)
    assert (caught.value.fault, caught.value.about) == expected
    assert caught.value.said == "it did not work"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not well-formed"),
        (b"<html><body>Bad gateway</body></html>", "no SOAP envelope"),
        (page(obj(prop("name", "xsd:string", "a")))[:-40], "not well-formed after"),
        (tree(""), "no SOAP envelope with a body"),
        (b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>', "document type"),
        (page("<objects/>"), "an object without a reference"),
    ],
)
def test_what_is_no_answer_is_said_to_be_none(body, said):
    with pytest.raises(BadAnswerError, match=said):
        list(Page(body).objects({}))

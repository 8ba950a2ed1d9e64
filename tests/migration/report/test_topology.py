"""The map: what stands on it, what keeps its place, what a person's drawing survives."""

import base64
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote
from xml.etree.ElementTree import Element, fromstring, tostring

import pytest

from migration.discover.model import Edge, FoundMachine, Inventory
from migration.report.dot import to_dot
from migration.report.drawio import OURS, DrawingError, to_drawio
from migration.report.layout import arrange
from migration.report.svg_map import to_svg
from migration.report.topology import Topology, Travel, services_only, topology

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def machine(name: str, site: str = "hill", service: str = "maps", **more: object) -> FoundMachine:
    values = {
        "key": f"{site}/{name}",
        "name": name,
        "site": site,
        "kind": "vsphere",
        "source": "t",
        "as_of": NOW,
        "tags": {"service": service},
    }
    return FoundMachine(**{**values, "cpus": 2, "memory": 4 << 30, **more})  # type: ignore[arg-type]


def uses(source: str, target: str, port: int, *, once: bool = False) -> Edge:
    return Edge(source=source, target=target, port=port, once=once, basis=("flows",))


MACHINES = (machine("web"), machine("db"), machine("pay", service="pay"), machine("far", site="cloud", service="pay"))
EDGES = (
    uses("hill/web", "hill/db", 5432),
    uses("hill/web", "hill/db", 22),
    uses("hill/pay", "hill/db", 5432, once=True),
    uses("hill/web", "address/9.9.9.9", 443),
)
TOWN = Inventory(taken_at=NOW, machines=MACHINES, edges=EDGES)


@pytest.fixture
def town() -> Topology:
    return topology("Hill", TOWN)


def test_servers_stand_in_their_service_and_services_on_their_site(town: Topology) -> None:
    parents = {box.id: box.parent for box in town.boxes}

    assert parents["server:hill/web"] == "service:hill:maps"
    assert parents["service:hill:maps"] == "site:hill"
    assert parents["server:cloud/far"] == "service:cloud:pay"
    assert parents["address/9.9.9.9"] == ""


def test_ports_between_the_same_two_are_one_line_and_one_sighting_is_marked(town: Topology) -> None:
    lines = {(line.source, line.target): line for line in town.lines}

    assert lines["server:hill/web", "server:hill/db"].label == "tcp/22, tcp/5432"
    assert lines["server:hill/web", "server:hill/db"].style == "seen"
    assert lines["server:hill/pay", "server:hill/db"].style == "once"


def test_templates_are_not_on_the_map() -> None:
    drawn = topology("Hill", replace(TOWN, machines=(*MACHINES, machine("golden", template=True))))

    assert not any(box.label == "golden" for box in drawn.boxes)


def test_the_map_of_services_counts_servers_and_joins_lines(town: Topology) -> None:
    small = services_only(town)

    assert {box.id: box.detail for box in small.boxes}["service:hill:maps"] == "2 servers"
    assert [(line.source, line.target, line.style) for line in small.lines] == [
        ("service:hill:maps", "address/9.9.9.9", "seen"),
        ("service:hill:pay", "service:hill:maps", "once"),
    ]


def test_no_two_boxes_of_one_frame_overlap_and_all_lie_within_it() -> None:
    many = topology("Hill", Inventory(taken_at=NOW, machines=tuple(machine(f"m{n:02}", service=f"s{n % 5}") for n in range(40))))
    places = arrange(many)
    for frame in many.boxes:
        inner = [places[box.id] for box in many.boxes if box.parent == frame.id]
        for n, one in enumerate(inner):
            assert one.x >= 0
            assert one.x + one.w <= places[frame.id].w
            assert one.y + one.h <= places[frame.id].h
            for other in inner[n + 1 :]:
                apart = one.x + one.w <= other.x or other.x + other.w <= one.x or one.y + one.h <= other.y or other.y + other.h <= one.y
                assert apart


def _cell(drawing: str, cell: str) -> Element:
    return next(each for each in fromstring(drawing).iter("mxCell") if each.get("id") == cell)


def _moved(drawing: str, cell: str, x: float, y: float) -> str:
    root = fromstring(drawing)
    geometry = next(each for each in root.iter("mxCell") if each.get("id") == cell).find("mxGeometry")
    assert geometry is not None
    geometry.set("x", str(x))
    geometry.set("y", str(y))
    return tostring(root, encoding="unicode")


def test_a_drawing_written_again_is_the_same(town: Topology) -> None:
    drawing = to_drawio(town)

    assert to_drawio(town, drawing) == drawing


def test_a_position_that_a_person_moved_survives_and_new_boxes_stand_elsewhere(town: Topology) -> None:
    drawing = _moved(to_drawio(town), OURS + "server:hill/web", 12, 34)
    larger = topology("Hill", replace(TOWN, machines=(*MACHINES, machine("new"))))
    again = to_drawio(larger, drawing)

    kept = _cell(again, OURS + "server:hill/web").find("mxGeometry")
    fresh = _cell(again, OURS + "server:hill/new").find("mxGeometry")
    assert kept is not None
    assert fresh is not None
    assert (kept.get("x"), kept.get("y")) == ("12", "34")
    assert (fresh.get("x"), fresh.get("y")) != ("12", "34")


def test_a_server_on_another_site_gets_a_place_there(town: Topology) -> None:
    drawing = _moved(to_drawio(town), OURS + "server:hill/web", 900, 900)
    away = replace(MACHINES[0], site="cloud", server="", key="hill/web")
    again = to_drawio(topology("Hill", replace(TOWN, machines=(away, *MACHINES[1:]))), drawing)

    cell = _cell(again, OURS + "server:hill/web")
    geometry = cell.find("mxGeometry")
    assert geometry is not None
    assert cell.get("parent") == OURS + "service:cloud:maps"
    assert geometry.get("x") != "900"


def test_shapes_and_styles_of_people_survive_and_what_vanished_vanishes(town: Topology) -> None:
    root = fromstring(to_drawio(town))
    page = next(root.iter("root"))
    note = Element("mxCell", id="note", value="ask Ana", style="shape=note;", vertex="1", parent=OURS + "server:hill/db")
    page.append(note)
    next(each for each in page if each.get("id") == OURS + "server:hill/pay").set("style", "fillColor=#FF0000;")
    drawing = tostring(root, encoding="unicode")

    again = to_drawio(topology("Hill", replace(TOWN, machines=tuple(m for m in MACHINES if m.name != "db"))), drawing)

    assert _cell(again, "note").get("value") == "ask Ana"
    assert _cell(again, "note").get("parent") == "1"
    assert _cell(again, OURS + "server:hill/pay").get("style") == "fillColor=#FF0000;"
    assert OURS + "server:hill/db" not in again


def test_a_compressed_page_is_read(town: Topology) -> None:
    drawing = _moved(to_drawio(town), OURS + "server:hill/web", 55, 66)
    model = next(fromstring(drawing).iter("mxGraphModel"))
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(quote(tostring(model, encoding="unicode")).encode()) + packer.flush()
    compressed = f'<mxfile><diagram name="x">{base64.b64encode(packed).decode()}</diagram></mxfile>'

    geometry = _cell(to_drawio(town, compressed), OURS + "server:hill/web").find("mxGeometry")
    assert geometry is not None
    assert (geometry.get("x"), geometry.get("y")) == ("55", "66")


@pytest.mark.parametrize(
    "text",
    [
        "no xml",
        "<mxfile/>",
        "<mxfile><diagram>%%%</diagram></mxfile>",
        '<!DOCTYPE a [<!ENTITY b "c">]><mxfile>&b;</mxfile>',
        "<mxfile><diagram>AAAA</diagram></mxfile>",
    ],
)
def test_what_is_no_drawing_is_refused_and_not_overwritten(town: Topology, text: str) -> None:
    with pytest.raises(DrawingError, match=r"no draw\.io drawing that can be read"):
        to_drawio(town, text, name="map.drawio")


@pytest.mark.parametrize("x", ["left", "nan", "inf"])
def test_a_box_whose_place_is_no_number_gets_a_new_one(town: Topology, x: str) -> None:
    drawing = to_drawio(town)

    assert to_drawio(town, drawing.replace('x="12"', f'x="{x}"')) == drawing


def test_dot_puts_servers_into_clusters_and_quotes_what_is_odd() -> None:
    odd = topology("Hill", Inventory(taken_at=NOW, machines=(machine('a"b'),)))
    text = to_dot(odd)

    assert 'subgraph "cluster_site:hill"' in text
    assert 'a\\"b' in text


def test_the_picture_says_what_moves_and_escapes_names() -> None:
    moving = topology("Hill", Inventory(taken_at=NOW, machines=(machine("<b>"),)), travels={"hill/<b>": Travel(3, "cloud")})
    picture = to_svg(moving)

    assert "moves to cloud in wave 3" in picture
    assert "<b>" not in picture
    assert fromstring(picture).tag.endswith("svg")

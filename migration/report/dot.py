"""The map as Graphviz DOT: clusters for sites and services, an edge for each use. Written as text; Graphviz is not needed."""

from __future__ import annotations

from migration.report.topology import Box, Topology

_STYLE = {"declared": "solid", "seen": "dashed", "once": "dotted"}


def to_dot(topology: Topology) -> str:
    """A digraph with clusters. Lines between frames go between their first servers, cut at the frame (`compound`)."""
    inner: dict[str, list[Box]] = {}
    for box in topology.boxes:
        inner.setdefault(box.parent, []).append(box)
    lines = [
        f"digraph {_quoted(topology.title)} {{",
        "  graph [compound=true, rankdir=LR, fontname=Helvetica];",
        "  node [shape=box, style=rounded, fontname=Helvetica, fontsize=10];",
        "  edge [fontname=Helvetica, fontsize=8];",
    ]
    for box in inner.get("", ()):
        lines += _written(box, inner, "  ")
    for line in topology.lines:
        lines.append(_edge(line.source, line.target, line.label, _STYLE[line.style], inner))
    return "\n".join([*lines, "}", ""])


def _written(box: Box, inner: dict[str, list[Box]], indent: str) -> list[str]:
    if box.kind in {"server", "address"} or box.id not in inner:
        wave = f"\nwave {box.wave} to {box.target}" if box.wave else ""
        label = "\n".join(part for part in (box.label, box.detail) if part) + wave
        return [f"{indent}{_quoted(box.id)} [label={_quoted(label)}];"]
    return [
        f"{indent}subgraph {_quoted('cluster_' + box.id)} {{",
        f"{indent}  label={_quoted(box.label)};",
        *(line for each in inner[box.id] for line in _written(each, inner, indent + "  ")),
        f"{indent}}}",
    ]


def _edge(source: str, target: str, label: str, style: str, inner: dict[str, list[Box]]) -> str:
    settings = [f"style={style}"]
    if label:
        settings.append(f"label={_quoted(label)}")
    tail, head = _anchor(source, inner), _anchor(target, inner)
    settings += [f"ltail={_quoted('cluster_' + source)}"] if tail != source else []
    settings += [f"lhead={_quoted('cluster_' + target)}"] if head != target else []
    return f"  {_quoted(tail)} -> {_quoted(head)} [{', '.join(settings)}];"


def _anchor(box: str, inner: dict[str, list[Box]]) -> str:
    """A node to tie an edge to: Graphviz knows no edges between clusters."""
    while box in inner:
        box = inner[box][0].id
    return box


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

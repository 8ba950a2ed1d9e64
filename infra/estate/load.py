"""Reads an estate's folder into the typed model, and reports every problem of every file at once.

Three passes: files to plain values with lines (`document`), values to objects (`shape`), objects against each other (`validate`).
Nothing here writes, and nothing looks at a vCenter, a cloud or a clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from infra.estate import layout
from infra.estate.document import Document, Plain, Where, read_document
from infra.estate.draft import Draft, Entry
from infra.estate.model import AwsSite, Estate, Link, Model, Name, Placement, Server, Service, Standards, VsphereSite, Waiver
from infra.estate.problems import EstateErrors, Problem, did_you_mean
from infra.estate.shape import build
from infra.estate.validate import validate

__all__ = ["EstateErrors", "Problem", "assemble", "checked_draft", "draft_estate", "load_estate"]

M = TypeVar("M", bound=BaseModel)

_KINDS: dict[str, type[BaseModel]] = {"links": Link, "services": Service, "servers": Server}
_SITE_KINDS: dict[str, type[VsphereSite | AwsSite]] = {"vsphere": VsphereSite, "aws": AwsSite}


class Title(Model):
    """The content of estate.yaml."""

    name: Name
    title: str


class Generation(Model):
    """The content of generation.yaml."""

    generation: int = 0


def load_estate(root: Path, *, settled: bool = True) -> Estate:
    """The estate in a folder.

    Args:
        root: the folder that holds estate.yaml.
        settled: also require that every server has its placement and that no placement contradicts what people wrote. Without it one
            can load an estate in order to settle it, or to look at an old revision.

    Raises:
        EstateErrors: with every problem of every file.
    """
    return assemble(checked_draft(root, settled=settled))


def checked_draft(root: Path, *, settled: bool = True) -> Draft:
    """The draft of an estate without a problem, for those who want both the objects and their places from one reading.

    Raises:
        EstateErrors: with every problem of every file.
    """
    draft = draft_estate(root)
    problems = [*draft.problems, *validate(draft, settled=settled)]
    if problems:
        raise EstateErrors(draft.root, problems)
    return draft


def assemble(draft: Draft) -> Estate:
    """The estate of a draft, as far as it goes: for a draft with problems (an old revision) what is broken is left out."""
    return Estate(
        name=draft.name or "unnamed",
        title=draft.title,
        generation=draft.generation,
        sites={name: entry.value for name, entry in draft.sites.items()},
        links={name: entry.value for name, entry in draft.links.items()},
        services={name: entry.value for name, entry in draft.services.items()},
        servers={name: entry.value for name, entry in draft.servers.items()},
        standards=draft.standards.value if draft.standards else Standards(required_tags=(), tiers={}),
        waivers=tuple(entry.value for entry in draft.waivers),
        placements={name: entry.value for name, entry in draft.placements.items()},
    )


def draft_estate(root: Path) -> Draft:
    """Reads all files; what has no shape is a problem of the draft."""
    draft = Draft(root=str(root))
    if not (root / layout.ESTATE).is_file():
        draft.problems.append(_no_estate(root))
        return draft
    draft.problems.extend(_strangers(root))
    _read_single_files(draft, root)
    for path in layout.yaml_files(root, layout.SITES):
        _read_site(draft, _document(draft, path, root))
    for kind in layout.LISTS:
        for path in layout.yaml_files(root, kind):
            _read_list(draft, kind, _document(draft, path, root))
    for path in layout.yaml_files(root, layout.PLACEMENTS):
        _read_placement(draft, _document(draft, path, root), path.stem)
    return draft


def _no_estate(root: Path) -> Problem:
    advice = "give the folder that holds it: --estate PATH, or INCLINE_ESTATE"
    what = f"{root} holds no estate: {layout.ESTATE} is missing" if root.is_dir() else f"the folder {root} does not exist"
    return Problem(file=layout.ESTATE, line=1, what=what, instead=advice, code="INC-1002")


def _strangers(root: Path) -> Iterator[Problem]:
    """A file that nothing reads is most often a typing mistake in its name: `server/permits.yml`."""
    for path in sorted(root.glob("*.y*ml")):
        if path.name not in layout.FILES:
            yield _stranger(path.name, did_you_mean(path.name, layout.FILES))
    for folder in sorted(each for each in root.iterdir() if each.is_dir()):
        files = sorted(folder.glob("*.y*ml"))
        if folder.name not in layout.FOLDERS and files:
            yield _stranger(files[0].relative_to(root).as_posix(), did_you_mean(folder.name, layout.FOLDERS))
            continue
        for path in files:
            if path.suffix != ".yaml":
                yield _stranger(path.relative_to(root).as_posix(), f"rename it to {path.stem}.yaml")


def _stranger(file: str, instead: str) -> Problem:
    return Problem(file=file, line=1, what="no part of an estate: the file would not be read", instead=instead, code="INC-1002")


def _document(draft: Draft, path: Path, root: Path) -> Document:
    document = read_document(path, root)
    draft.problems.extend(document.problems)
    return document


def _build(draft: Draft, model: type[M], document: Document, path: Where, value: Plain, label: str) -> M | None:
    built, problems = build(model, value, document, path, label)
    draft.problems.extend(problems)
    return built


def _read_single_files(draft: Draft, root: Path) -> None:
    document = _document(draft, root / layout.ESTATE, root)
    if document.readable and (title := _build(draft, Title, document, (), document.value, "the estate")):
        draft.name, draft.title = title.name, title.title
    if (root / layout.GENERATION).is_file():
        document = _document(draft, root / layout.GENERATION, root)
        if document.readable and (number := _build(draft, Generation, document, (), document.value, "the generation")):
            draft.generation = number.generation
    _read_standards(draft, root)
    if (root / layout.WAIVERS).is_file():
        _read_waivers(draft, _document(draft, root / layout.WAIVERS, root))


def _read_standards(draft: Draft, root: Path) -> None:
    if not (root / layout.STANDARDS).is_file():
        draft.problems.append(
            Problem(
                file=layout.STANDARDS,
                line=1,
                what="the file is missing",
                instead="write required_tags and tiers into it; the example city's is a start",
                code="INC-1002",
            )
        )
        return
    document = _document(draft, root / layout.STANDARDS, root)
    if document.readable and (standards := _build(draft, Standards, document, (), document.value, "standards")):
        draft.standards = Entry(standards, document)


def _read_waivers(draft: Draft, document: Document) -> None:
    for index, item in _items(draft, document, "waivers"):
        label = f"waiver {item.get('id', '?')}" if isinstance(item, dict) else "the waiver"
        if waiver := _build(draft, Waiver, document, ("waivers", index), item, label):
            draft.waivers.append(Entry(waiver, document, ("waivers", index)))


def _read_site(draft: Draft, document: Document) -> None:
    if not document.readable:
        return
    value = document.value if isinstance(document.value, dict) else {}
    name, kind = str(value.get("name", "?")), value.get("kind")
    draft.names("sites").add(name)
    if not isinstance(kind, str) or kind not in _SITE_KINDS:
        what = f"site {name}: kind {kind!r} is not one of vsphere, aws" if kind else f"site {name}: kind is missing"
        instead = did_you_mean(str(kind), _SITE_KINDS) if kind else "write kind: vsphere or kind: aws"
        draft.problems.append(Problem(file=document.file, line=document.line(("kind",)), what=what, instead=instead, code="INC-1005"))
        return
    if site := _build(draft, _SITE_KINDS[kind], document, (), document.value, f"site {name}"):
        _keep(draft, draft.sites, Entry(site, document), "site")


def _read_list(draft: Draft, kind: str, document: Document) -> None:
    for index, item in _items(draft, document, kind):
        name = str(item.get("name", "?")) if isinstance(item, dict) else "?"
        draft.names(kind).add(name)
        built = _build(draft, _KINDS[kind], document, (kind, index), item, f"{kind[:-1]} {name}")
        match built:
            case Link():
                _keep(draft, draft.links, Entry(built, document, (kind, index)), "link")
            case Service():
                _keep(draft, draft.services, Entry(built, document, (kind, index)), "service")
            case Server():
                _keep(draft, draft.servers, Entry(built, document, (kind, index)), "server")


def _read_placement(draft: Draft, document: Document, stem: str) -> None:
    draft.names("placements").add(stem)
    if not document.readable:
        return
    placement = _build(draft, Placement, document, (), document.value, f"placement {stem}")
    if placement is None:
        return
    entry = Entry(placement, document)
    if placement.server != stem:
        what = f"placement of {placement.server} in a file named after {stem}"
        draft.problems.append(entry.problem(what, f"rename the file to {placement.server}.yaml", "INC-1002", "server"))
        return
    draft.placements[stem] = entry


def _items(draft: Draft, document: Document, key: str) -> Iterator[tuple[int, Plain]]:
    """The entries of a file that is one list under one key."""
    value = document.value
    if not document.readable or (value is None and not document.lines):
        return
    entries = value.get(key, []) if isinstance(value, dict) else None
    strange = [other for other in value if other != key] if isinstance(value, dict) else []
    for other in strange:
        what, advice = f"unknown key {other}", f"this file holds one list, under {key}:"
        draft.problems.append(Problem(file=document.file, line=document.line((other,)), what=what, instead=advice, code="INC-1003"))
    if entries is None and isinstance(value, dict):
        return
    if not isinstance(entries, list):
        what, advice = f"the file is not a list of {key}", f"begin with {key}: and write each entry below it with -"
        draft.problems.append(Problem(file=document.file, line=document.line((key,)), what=what, instead=advice, code="INC-1005"))
        return
    yield from enumerate(entries)


E_ = TypeVar("E_", VsphereSite | AwsSite, Link, Service, Server)


def _keep(draft: Draft, kept: dict[str, Entry[E_]], entry: Entry[E_], kind: str) -> None:
    name = entry.value.name
    if name in kept:
        what = f"{kind} {name} is declared twice, first at {kept[name].where()}"
        draft.problems.append(entry.problem(what, "remove one of the two or give it a name of its own", "INC-1010", "name"))
        return
    kept[name] = entry

"""`incline inventory`: what was discovered or imported, and other tools' files in and out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.command import closing_lines, new_app
from cli.names import complete_site
from cli.output import emit, say, say_next
from cli.project import near
from cli.store_path import StoreOption, store_from

app = new_app(
    "What was discovered: show it, import and export it.",
    examples=(
        "incline inventory show                                 every machine, by site and cluster",
        "incline inventory show permits-db-01                   one machine in full",
        "incline inventory import rvtools.xlsx --as harbour     a site from another tool's file",
        "incline inventory export out/estate.xlsx               for tools that read RVTools workbooks",
    ),
)

EstateOption = Annotated[Path | None, typer.Option(help="The estate's folder.", envvar="INCLINE_ESTATE")]
SiteOption = Annotated[
    list[str] | None, typer.Option("--site", metavar="SITE", help="Only this site; may be given again.", autocompletion=complete_site)
]
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


@app.command(
    epilog=closing_lines(
        "incline inventory show --site downtown",
        "incline inventory show permits-db-01        by its name, server, key, uuid or address",
        "incline inventory show --gone               what was there once and is no more",
    )
)
def show(
    machine: Annotated[str | None, typer.Argument(metavar="MACHINE", help="One machine, in full.")] = None,
    *,
    site: SiteOption = None,
    gone: Annotated[bool, typer.Option("--gone", help="Machines that are no longer found.")] = False,
    store: StoreOption = None,
    estate: EstateOption = None,
    as_json: JsonFlag = False,
) -> None:
    """What is known of machines, from the inventory: no site is asked."""
    from cli import inventory_detail, inventory_tables  # noqa: PLC0415 - help and completion stay fast

    with store_from(store, estate) as kept:
        if gone:
            vanished = kept.gone(tuple(site or ()))
            emit(inventory_tables.gone_document(vanished), lambda: inventory_tables.gone_text(vanished), as_json)
            return
        inventory, taken = kept.load(tuple(site or ())), kept.sites()
        inventory_tables.known_sites(site or (), taken)
        if machine is None:
            found = inventory_tables.Listing(inventory=inventory, taken=taken, chosen=bool(site))
            emit(inventory_tables.document(found), lambda: inventory_tables.text(found), as_json)
            say_next("incline assess")
            return
        one = inventory_detail.find(inventory, machine)
        emit(inventory_detail.document(inventory, one), lambda: inventory_detail.text(inventory, one), as_json)
    if one.server:
        say_next(f"incline assess --server {one.server}")


@app.command(
    epilog=closing_lines("incline inventory findings", "incline inventory findings --site downtown", "incline inventory findings --json")
)
def findings(site: SiteOption = None, store: StoreOption = None, estate: EstateOption = None, as_json: JsonFlag = False) -> None:
    """What is odd about the input, what was taken instead, what to do."""
    from cli import inventory_tables  # noqa: PLC0415 - help and completion stay fast

    with store_from(store, estate) as kept:
        inventory_tables.known_sites(site or (), kept.sites())
        found = kept.load(tuple(site or ())).findings
    emit(inventory_tables.findings_document(found), lambda: inventory_tables.findings_text(found), as_json)


@app.command(
    epilog=closing_lines(
        "incline inventory dependencies",
        "incline inventory dependencies --flows vpc.log.gz --flows netflow.pcap",
        "incline inventory dependencies --ss guests/           `ss -tunap` of each guest, in a file named after it",
        "incline inventory dependencies --server permits-db-01",
        "incline inventory dependencies --groups               what belongs together",
    )
)
def dependencies(
    site: SiteOption = None,
    server: Annotated[
        str | None, typer.Option("--server", "--machine", metavar="NAME", help="Only what this machine uses or serves.")
    ] = None,
    *,
    flows: Annotated[
        list[Path] | None,
        typer.Option("--flows", metavar="FILE", help="NetFlow 5 or 9, IPFIX, a pcap of them, VPC flow logs; may be given again."),
    ] = None,
    ss: Annotated[Path | None, typer.Option("--ss", metavar="FOLDER", help="What `ss` told in each guest: a file named after it.")] = None,
    groups: Annotated[bool, typer.Option("--groups", help="What belongs together, in place of the list.")] = False,
    store: StoreOption = None,
    estate: EstateOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Who uses whom, how sure that is, and what was seen only once."""
    from cli import inventory_edges, inventory_files, inventory_flows  # noqa: PLC0415 - help and completion stay fast
    from cli.discover_progress import narrating  # noqa: PLC0415
    from cli.inventory_tables import known_sites  # noqa: PLC0415

    declared = inventory_files.declared_estate(estate)
    with store_from(store, estate) as kept, narrating(say) as narrator:
        inventory = inventory_flows.known(kept, declared)
        known_sites(site or (), {machine.site: inventory.taken_at for machine in inventory.machines})
        wanted = inventory_edges.machine_of(inventory, server)
        seen = inventory_flows.bring_in(kept, inventory, flows or (), ss, declared, narrator) if flows or ss else None
    inventory = seen.inventory if seen else inventory
    shown = inventory_edges.links(inventory, tuple(site or ()), wanted, declared)
    told = {"flows": inventory_flows.document(seen)} if seen else {}
    if seen and not as_json:
        say(inventory_flows.text(seen))
    as_text = inventory_edges.groups_text if groups else inventory_edges.text
    emit(inventory_edges.document(shown) | told, lambda: as_text(shown), as_json)
    say_next("incline plan make" if seen and not groups else "incline inventory dependencies --groups")


@app.command(
    "import",
    epilog=closing_lines(
        "incline inventory import RVTools_export.xlsx --as harbour",
        "incline inventory import azure.csv --as harbour --json",
        "incline inventory import new.xlsx --as downtown --replace     in place of what was discovered",
    ),
)
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A workbook, a table, an archive or a folder of tables.")],
    *,
    name: Annotated[str, typer.Option("--as", metavar="SITE", help="The site's name; it need not be in the estate.")],
    replace: Annotated[bool, typer.Option("--replace", help="Also in place of what a live site told.")] = False,
    store: StoreOption = None,
    estate: EstateOption = None,
    as_json: JsonFlag = False,
) -> None:
    """A site from a file: RVTools, Azure Migrate, a table, our own."""
    from cli import inventory_files  # noqa: PLC0415 - help and completion stay fast

    with store_from(store, estate, must_exist=False) as kept:
        done = inventory_files.bring_in(kept, file, name, estate, replace=replace)
        emit(inventory_files.import_document(kept.name, done), lambda: inventory_files.import_text(done), as_json)
    say_next(f"incline inventory show --site {name}   or   incline assess --site {name}")


@app.command(
    epilog=closing_lines(
        "incline inventory usage samples.csv --as harbour      time, machine, CPU usage [%], memory usage [MB] ...",
        "incline inventory usage traces/ --as harbour          a file for each machine, named after it",
    )
)
def usage(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Tables with a row for each moment, or folders of them.")],
    *,
    name: Annotated[str, typer.Option("--as", metavar="SITE", help="The site of the inventory that the machines are of.")],
    store: StoreOption = None,
    estate: EstateOption = None,
    as_json: JsonFlag = False,
) -> None:
    """What machines used, from tables. Bad series become findings, and the rest counts."""
    from cli import inventory_usage  # noqa: PLC0415 - help and completion stay fast
    from cli.discover_progress import narrating  # noqa: PLC0415

    with store_from(store, estate) as kept, narrating(say) as narrator:
        done = inventory_usage.bring_usage(kept, files, name, narrator)
    emit(inventory_usage.document(done), lambda: inventory_usage.text(done), as_json)
    say_next(f"incline inventory show --site {name}   or   incline assess --site {name}")


@app.command(
    epilog=closing_lines(
        "incline inventory export out/estate.xlsx",
        "incline inventory export out/downtown.csv --site downtown --format azure",
        "incline inventory export out/all.json --force",
    )
)
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")],
    *,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="rvtools, aws, azure, csv or json; else what the file's ending says."),
    ] = None,
    site: SiteOption = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    store: StoreOption = None,
    estate: EstateOption = None,
    as_json: JsonFlag = False,
) -> None:
    """The inventory as a file that other tools read. What a format has no place for is said."""
    from cli import inventory_files, inventory_tables  # noqa: PLC0415 - help and completion stay fast

    inventory_files.may_write(file, force=force)
    with store_from(store, estate) as kept:
        inventory_tables.known_sites(site or (), kept.sites())
        written = inventory_files.send_out(kept.load(tuple(site or ())), file, form)
    emit(inventory_files.export_document(written), lambda: inventory_files.export_text(written), as_json)
    say(f"written: {near(file)}")

"""`bridge schemas`: the schemas of what the bridge publishes and takes, and whether a change breaks anybody."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, cast

import orjson
import typer

from bridge.cli.settings_option import AsJson, fail
from bridge.events.compatibility import SchemaFinding, compare_all
from bridge.events.contract_files import contract_files
from bridge.events.model_fields import JsonObject
from bridge.events.reference import events_reference
from bridge.events.schema_references import NotComparable
from bridge.events.schemas import schema_files

app = typer.Typer(
    help="The JSON Schemas of events, commands and results. Example: bridge schemas list", no_args_is_help=True
)


@app.command("list")
def list_types(as_json: AsJson = False) -> None:
    """Print the types and the sets of headers that have a schema, a line each.

    Example: bridge schemas list
    """
    types = [name.removesuffix(".json") for name in schema_files()]
    typer.echo(orjson.dumps(types).decode() if as_json else "\n".join(types))


@app.command()
def show(type_: Annotated[str, typer.Argument(metavar="TYPE", help="Such as pbx.call.started.v1.")]) -> None:
    """Print one schema.

    Example: bridge schemas show pbx.call.started.v1
    """
    schema = schema_files().get(f"{type_}.json")
    if schema is None:
        fail(f"there is no schema {type_}: bridge schemas list prints those there are", 2)
    typer.echo(schema.decode(), nl=False)


@app.command()
def check(
    old: Annotated[
        Path, typer.Argument(metavar="OLD", help="What others are built on: a schema, or a folder of them.")
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="What is to replace it.")],
    as_json: AsJson = False,
) -> None:
    """Say what a change of the schemas breaks, a sentence for each finding; exit 1 when there is any.

    Events and results may gain fields and lose nothing; commands may take more and refuse nothing that was taken.

    Example: bridge schemas check schemas/released schemas
    """
    before, after = _read_both(old, new)
    try:
        findings = compare_all(before, after)
    except NotComparable as error:
        fail(f"cannot be compared: {error}", 2)
    if as_json:
        typer.echo(orjson.dumps([finding._asdict() for finding in findings]).decode())
    else:
        for finding in findings:
            typer.echo(_line(finding))
    if findings:
        these = "1 change breaks" if len(findings) == 1 else f"{len(findings)} changes break"
        fail(f"{these} what others are built on: take it back, or give the type a new version beside this one", 1)
    if not as_json:
        added = len(after.keys() - before.keys())
        typer.echo(f"{len(before)} schemas compared, {added} new: nothing breaks")


@app.command()
def generate(
    folder: Annotated[Path, typer.Option(help="Where the schemas go.")] = Path("schemas"),
    reference: Annotated[Path, typer.Option(help="Where the reference of the events goes.")] = Path(
        "docs/events-reference.md"
    ),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 when a file is not as generated.")
    ] = False,
) -> None:
    """Write the schemas, the AsyncAPI document and the reference of the events anew from the models.

    Example: bridge schemas generate --check
    """
    files = {folder / name: content for name, content in contract_files().items()}
    files[reference] = events_reference().encode()
    there = {path: path.read_bytes() for path in {*folder.glob("*.json"), *files} if path.exists()}
    differing = sorted(path for path in files.keys() | there.keys() if files.get(path) != there.get(path))
    if check:
        if differing:
            names = ", ".join(map(str, differing))
            fail(f"not as generated: {names}; run bridge schemas generate and commit the result", 1)
        typer.echo(f"{len(files)} files are as generated")
        return
    for path in there.keys() - files.keys():
        path.unlink()
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    typer.echo(f"{len(files)} files written, {len(differing)} of them changed")


def _read_both(old: Path, new: Path) -> tuple[Mapping[str, JsonObject], Mapping[str, JsonObject]]:
    """Read two folders, or two files, which are then compared whatever their names."""
    if old.is_dir() != new.is_dir():
        fail("OLD and NEW have to be two folders, or two files", 2)
    if old.is_dir():
        before = {path.stem: _read(path) for path in sorted(old.glob("*.json"))}
        if not before:
            fail(f"there is no schema in {old}, so that there is nothing to compare with", 2)
        return before, {path.stem: _read(path) for path in sorted(new.glob("*.json"))}
    return {new.stem: _read(old)}, {new.stem: _read(new)}


def _read(path: Path) -> JsonObject:
    try:
        read = orjson.loads(path.read_bytes())
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}", 2)
    except orjson.JSONDecodeError as error:
        fail(f"{path} is no JSON: {error}", 2)
    if not isinstance(read, dict):
        fail(f"{path} is no JSON Schema: it holds no object", 2)
    return cast("JsonObject", read)


def _line(finding: SchemaFinding) -> str:
    return ": ".join(part for part in finding if part)

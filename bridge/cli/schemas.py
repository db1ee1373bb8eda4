"""`bridge schemas`: the JSON Schemas of what the bridge publishes and takes."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from bridge.cli.settings_option import AsJson, fail
from bridge.events.schemas import schema_files

app = typer.Typer(
    help="The JSON Schemas of events, commands and results. Example: bridge schemas list", no_args_is_help=True
)


@app.command("list")
def list_types(as_json: AsJson = False) -> None:
    """Print the types that have a schema, a line each.

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
def generate(
    folder: Annotated[Path, typer.Option(help="Where the files go.")] = Path("schemas"),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 when a file is not as generated.")
    ] = False,
) -> None:
    """Write the schemas anew from the models.

    Example: bridge schemas generate --check
    """
    files = schema_files()
    there = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    differing = sorted(name for name in files.keys() | there.keys() if files.get(name) != there.get(name))
    if check:
        if differing:
            fail(f"not as generated: {', '.join(differing)}; run bridge schemas generate and commit the result", 1)
        typer.echo(f"{len(files)} schemas are as generated")
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in there.keys() - files.keys():
        (folder / name).unlink()
    for name, schema in files.items():
        (folder / name).write_bytes(schema)
    typer.echo(f"{len(files)} schemas written, {len(differing)} of them changed")

"""`bridge schemas`, and the gate as CI runs it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bridge.cli.main import app

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "schemas"
STARTED = "pbx.call.started.v1.json"
DIAL = "pbx.command.dial.v1.json"


def schemas(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["schemas", *map(str, arguments)], prog_name="bridge")


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give a copy of the released schemas that may be changed."""
    return shutil.copytree(SCHEMAS / "released", tmp_path / "schemas")


def test_schemas_are_listed_and_shown() -> None:
    """Eighteen events, ten commands, result, resolution, four sets of headers; an unknown one is refused."""
    types = schemas("list").stdout.split()
    assert len(types) == 34
    assert json.loads(schemas("list", "--json").stdout) == types
    assert json.loads(schemas("show", "pbx.call.started.v1").stdout)["title"] == "pbx.call.started.v1"
    assert schemas("show", "pbx.fax.v1").exit_code == 2


def test_files_that_are_not_as_generated_are_named(tmp_path: Path) -> None:
    """In CI nobody changes a model without its schema and its page of the reference."""
    folder, reference = tmp_path / "schemas", tmp_path / "reference.md"
    places = ("--folder", folder, "--reference", reference)
    assert schemas("generate", "--check", *places).exit_code == 1
    assert schemas("generate", *places).exit_code == 0
    assert schemas("generate", "--check", *places).stdout == "36 files are as generated\n"
    (folder / STARTED).write_text("{}")
    (folder / "stray.json").write_text("{}")
    reference.write_text("")
    (folder / "asyncapi.yaml").write_text("")
    run = schemas("generate", "--check", *places)
    assert run.exit_code == 1
    names = ", ".join(
        str(path) for path in (reference, folder / "asyncapi.yaml", folder / STARTED, folder / "stray.json")
    )
    assert f"not as generated: {names};" in run.stderr
    assert schemas("generate", *places).stdout == "36 files written, 4 of them changed\n"
    assert not (folder / "stray.json").exists()


def test_what_is_checked_in_is_as_generated() -> None:
    """The schemas, the AsyncAPI document and the reference."""
    run = schemas("generate", "--check", "--folder", SCHEMAS, "--reference", ROOT / "docs" / "events-reference.md")
    assert (run.exit_code, run.stdout) == (0, "36 files are as generated\n")


def test_nothing_that_is_checked_in_breaks_what_was_released() -> None:
    """What CI asks of each commit."""
    run = schemas("check", SCHEMAS / "released", SCHEMAS)
    assert run.exit_code == 0
    assert run.stdout.startswith("34 schemas compared")


def test_each_finding_is_a_line(copy: Path) -> None:
    """Schema, field, sentence; the last line says what to do."""
    rewrite(copy / STARTED, '"direction"', '"way"')
    rewrite(copy / DIAL, '"contact_id",', '"contact_id", "reason",')
    (copy / "pbx.call.listed.v1.json").unlink()
    run = schemas("check", SCHEMAS / "released", copy)
    assert run.exit_code == 1
    assert run.stdout.splitlines() == [
        "pbx.call.listed.v1: the schema is gone, and with it what was promised",
        "pbx.call.started.v1: direction: the field is gone: way looks like it under a new name",
        "pbx.command.dial.v1: reason: the field is required now and was not before",
    ]
    assert run.stderr.startswith("bridge: 3 changes break what others are built on: take it back, or give")


def test_findings_are_json_for_machines(copy: Path) -> None:
    """With the same exit codes; an empty list when there are none."""
    rewrite(copy / STARTED, '"x-subject": "call/{call_id}"', '"x-subject": "calls/{call_id}"')
    run = schemas("check", SCHEMAS / "released", copy, "--json")
    assert run.exit_code == 1
    assert json.loads(run.stdout) == [
        {
            "schema": "pbx.call.started.v1",
            "field": "",
            "sentence": 'what its subject is made of changes from "call/{call_id}" to "calls/{call_id}"',
        }
    ]
    run = schemas("check", SCHEMAS / "released", SCHEMAS, "--json")
    assert (run.exit_code, run.stdout) == (0, "[]\n")


def test_two_files_are_compared_whatever_their_names(copy: Path) -> None:
    """Such as a version with the one after it."""
    rewrite(copy / STARTED, '"direction"', '"way"')
    after = (copy / STARTED).rename(copy / "next.json")
    run = schemas("check", SCHEMAS / "released" / STARTED, after)
    assert run.exit_code == 1
    assert run.stdout == "next: direction: the field is gone: way looks like it under a new name\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{released}", "{released}/" + STARTED, "OLD and NEW have to be two folders, or two files"),
        ("{tmp}", "{released}", "there is no schema in {tmp}"),
        ("{tmp}/none.json", "{released}/" + STARTED, "{tmp}/none.json cannot be read: No such file or directory"),
        ("{released}/" + STARTED, "{tmp}/text", "{tmp}/text is no JSON"),
        ("{released}/" + STARTED, "{tmp}/list", "{tmp}/list is no JSON Schema: it holds no object"),
        ("{tmp}/bare", "{tmp}/bare", "cannot be compared: bare: x-written-by has to say who writes it"),
    ],
)
def test_what_cannot_be_compared_is_wrong_use(tmp_path: Path, old: str, new: str, said: str) -> None:
    """One sentence, exit 2: it never passes for harmless."""
    for name, text in (("text", "schema"), ("list", "[]"), ("bare", "{}")):
        (tmp_path / name).write_text(text)
    names = {"tmp": tmp_path, "released": SCHEMAS / "released"}
    run = schemas("check", old.format(**names), new.format(**names))
    assert run.exit_code == 2
    assert run.stderr.startswith(f"bridge: {said.format(**names)}")


def test_a_bad_change_of_a_model_is_refused_in_ci(tmp_path: Path) -> None:
    """On a copy: a field goes from a model, the schemas are generated as they should be, and `make check` says no."""
    for folder in ("bridge", "schemas"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("Makefile", "pyproject.toml", "requirements/development.txt"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / file, tmp_path / file)
    bridge = tmp_path / ".venv" / "bin" / "bridge"
    bridge.parent.mkdir(parents=True)
    bridge.write_text(f'#!/bin/sh\nexec {sys.executable} -m bridge.cli "$@"\n')
    bridge.chmod(0o755)
    (tmp_path / ".venv" / ".installed").touch()

    def make(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["make", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "MAKEFLAGS": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert "make check\n" in (ROOT / ".ci" / "run").read_text()
    assert "/bridge schemas check schemas/released schemas\n" in make("--dry-run", "check").stdout
    rewrite(tmp_path / "bridge/events/webhook_models.py", "    direction: str | None = DIRECTION\n", "")
    assert make("schemas").returncode == 0
    run = make("compatibility")
    assert run.returncode != 0
    assert "pbx.call.started.v1: direction: the field is gone" in run.stdout
    assert "take it back" in run.stderr

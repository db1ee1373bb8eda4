"""What is wrong with a page for readers who copy from it, as sentences; a good page has none.

Whatever a page shows is held against what it speaks of: values against the chart, command lines against the command
line and the objects of the chart, links against the checkout, Secrets against what the rendered pods mount.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import yaml
from typer.testing import CliRunner

from bridge.cli.main import app
from tests.chart.documented import commands_of, fenced, files_written, prose, secrets_made
from tests.chart.rendering import (
    CHART,
    ROOT,
    Body,
    HelmError,
    KubernetesObject,
    Rendering,
    StrictLoader,
    Values,
    objects_in,
    render,
)

BASES: Final = ("minimal", "production")
"""The scenarios that a fragment of values is laid over: of hardly any values, and with everything on."""
DOCKERFILE: Final = ROOT / "deploy" / "Dockerfile"
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE: Final = re.compile(r"`((?:kubectl exec \S+ -- )?bridge [^`]+)`")
_IN_A_POD: Final = re.compile(r"^kubectl exec \S+ --\s+(?=bridge )", re.MULTILINE)
_IN_AN_IMAGE: Final = re.compile(r"^docker run .*\smobili-stotele-bridge(?::\S+)?(?=\s)", re.MULTILINE)
_KEY: Final = re.compile(r"`([a-z]\w*(?:\.[\w<>]+)+)(?::[^`]*)?`")
_OBJECT: Final = re.compile(r"\b(deployment|pod|job|service)/(\S+)")
_OF_BUILDKIT: Final = frozenset({"SOURCE_DATE_EPOCH"})
"""A build argument that it knows by itself."""


def values_problems(page: str) -> Iterator[str]:
    """Hold each block of YAML, laid over bases, and each file of values that a script writes, against the chart."""
    for block in fenced(page, "yaml"):
        changes = []
        for base in BASES:
            try:
                changes.append(_rendered(block, base).text != render(base).text)
            except (yaml.YAMLError, HelmError) as error:
                yield f"values are refused over {base}, {error}: {block}"
        if changes and not any(changes):
            yield f"values change nothing: {block}"
    for script in fenced(page, "sh"):
        for text in files_written(script).values():
            try:
                _rendered(text)
            except (yaml.YAMLError, HelmError) as error:
                yield f"values are refused, {error}: {text}"


def _rendered(text: str, *base: Values) -> Rendering:
    return render(*base, yaml.load(text, Loader=StrictLoader))


def key_problems(page: str) -> Iterator[str]:
    """Hold each key that the text names by its path against the chart's values: refused ones alone are missing."""
    values: Body = yaml.safe_load((CHART / "values.yaml").read_text())
    for line in prose(page).splitlines():
        for path in _KEY.findall(line):
            keys = path.split(".")
            if keys[0] in values and _is_there(keys, values) == ("| refused" in line):
                yield f"{path} is no value of the chart, and not told to be refused, or the other way round"


def _is_there(keys: list[str], values: object) -> bool:
    """Tell whether there is such a value; an empty map may hold anything."""
    match values:
        case dict() if values and keys:
            return keys[0] in values and _is_there(keys[1:], values[keys[0]])
        case None | {}:
            return True
        case _:
            return not keys


def command_problems(page: str) -> Iterator[str]:
    """Hold each command line of the bridge, in blocks and in the text, against its help."""
    script = "\n".join(fenced(page, "sh")).replace("\\\n", " ")
    script = _IN_AN_IMAGE.sub("bridge", _IN_A_POD.sub("", script))
    coded = "\n".join(_IN_A_POD.sub("", code.replace("\n", " ")) for code in _CODE.findall(prose(page)))
    for _, *arguments in (*commands_of(script, "bridge"), *commands_of(coded, "bridge")):
        told = CliRunner().invoke(app, [*arguments, "--help"])
        if told.exit_code != 0:
            yield f"bridge {shlex.join(arguments)}: {told.output.strip()}"


def helm_problems(page: str) -> Iterator[str]:
    """Hold each command line of Helm against the chart and its files of values."""
    for script in fenced(page, "sh"):
        for line in commands_of(script, "helm"):
            if "diff" in line or line[1] in {"install", "upgrade", "template"}:
                yield from _missing(line, script)
            elif line[1] not in {"test", "uninstall", "package", "push"}:
                yield f"helm {line[1]} is not known here"


def _missing(line: list[str], script: str) -> Iterator[str]:
    if str(CHART.relative_to(ROOT)) not in line:
        yield f"{shlex.join(line)} installs no chart of ours"
    for file in _options(line, "-f", "--values"):
        # Which a script writes itself, or the reader has from before.
        if file not in {*files_written(script), "values.yaml"} and not (ROOT / file).is_file():
            yield f"{file} does not exist"


def kubectl_problems(page: str) -> Iterator[str]:
    """Hold files and objects of `kubectl` against the checkout, the chart and the files that the page applies."""
    for script in fenced(page, "sh"):
        lines = commands_of(script, "kubectl")
        files = [file for line in lines if line[1] == "apply" for file in _options(line, "-f")]
        yield from (f"{file} does not exist" for file in files if not (ROOT / file).is_file())
        objects = [*render(BASES[0]), *(item for file in _applied(script) for item in objects_in(file.read_text()))]
        known = {(item.kind.lower(), item.name) for item in objects}
        for line in lines:
            for found in _OBJECT.findall(shlex.join(line)):
                if found not in known:
                    yield f"{'/'.join(found)} is no object of the chart, nor applied by the page"


def docker_problems(page: str) -> Iterator[str]:
    """Hold the arguments and secrets of builds against the Dockerfile."""
    dockerfile = DOCKERFILE.read_text()
    known = {*re.findall(r"^ARG (\w+)", dockerfile, re.MULTILINE), *_OF_BUILDKIT}
    secrets = set(re.findall(r"type=secret,id=([\w.]+)", dockerfile))
    for line in commands_of("\n".join(fenced(page, "sh")).replace("DOCKER_BUILDKIT=1 ", ""), "docker"):
        yield from (f"{file} does not exist" for file in _options(line, "-f") if not (ROOT / file).is_file())
        given = {option.partition("=")[0] for option in _options(line, "--build-arg")}
        yield from (f"the Dockerfile has no argument {name}" for name in sorted(given - known))
        mounted = {option.partition(",")[0].removeprefix("id=") for option in _options(line, "--secret")}
        yield from (f"the Dockerfile mounts no secret {name}" for name in sorted(mounted - secrets))


def secret_problems(page: str) -> Iterator[str]:
    """Hold the keys of each Secret that a script makes against those that are mounted by what it installs."""
    for script in fenced(page, "sh"):
        made, installed, applied = secrets_made(script), list[KubernetesObject](), list[KubernetesObject]()
        written = files_written(script)
        for line in commands_of(script, "helm"):
            files = _options(line, "-f", "--values")
            if line[1] == "install" and all(file in written or (ROOT / file).is_file() for file in files):
                values = [yaml.safe_load(written[file]) if file in written else ROOT / file for file in files]
                installed += render(*values)
        for file in _applied(script):
            applied += objects_in(file.read_text())
        if installed or applied:
            yield from unfit(made, [*installed, *applied])
        needed = {secret for item in applied for secret, _, optional in _keys(item.body) if not optional}
        yield from (f"the Secret {name} is not made" for name in sorted(needed - set(made)))


def unfit(made: Mapping[str, Mapping[str, str]], objects: Iterable[KubernetesObject]) -> Iterator[str]:
    """Say which Secret lacks a key that is mounted, or has one that nobody reads."""
    mounted = {key for item in objects for key in _keys(item.body)}
    for name, keys in made.items():
        needed = {key for secret, key, optional in mounted if secret == name and not optional}
        used = {key for secret, key, _ in mounted if secret == name}
        yield from (f"the Secret {name} lacks {key}" for key in sorted(needed - set(keys)))
        yield from (f"nobody reads {key} of the Secret {name}" for key in sorted(set(keys) - used))


def _applied(script: str) -> list[Path]:
    """Give the files that a script applies and that are there."""
    lines = [line for line in commands_of(script, "kubectl") if line[1] == "apply"]
    files = [ROOT / file for line in lines for file in _options(line, "-f")]
    return [file for file in files if file.is_file()]


def _keys(body: object) -> Iterator[tuple[str, str, bool]]:
    """Give each key of a Secret that an object reads, and whether it may be missing."""
    match body:
        case {"secret": {"name": str() as name, "items": list() as items, **more}}:
            yield from ((name, item["key"], bool(more.get("optional"))) for item in items)
        case {"secret": {"secretName": str() as name, "items": list() as items, **more}}:
            yield from ((name, item["key"], bool(more.get("optional"))) for item in items)
        case {"secretKeyRef": {"name": str() as name, "key": str() as key, **more}}:
            yield name, key, bool(more.get("optional"))
        case {"parameter": str(), "name": str() as name, "key": str() as key}:
            yield name, key, False
        case dict():
            for inner in body.values():
                yield from _keys(inner)
        case list():
            for inner in body:
                yield from _keys(inner)
        case _:
            return


def link_problems(page: str, folder: Path) -> Iterator[str]:
    """Hold each link of a page that lies in `folder` against the files and headings of the checkout."""
    for target in _LINK.findall(prose(page)):
        path, _, heading = target.partition("#")
        if path.startswith(("https://", "http://", "mailto:")):
            continue
        file = (folder / path).resolve()
        text = file.read_text() if path and file.is_file() else page
        if path and not file.exists():
            yield f"{target}: there is no such file"
        elif heading and heading not in anchors(text):
            yield f"{target}: there is no such heading"


@cache
def anchors(page: str) -> frozenset[str]:
    """Give what may stand behind `#`: each heading as GitHub writes it, a number behind it where it comes again."""
    seen: list[str] = []
    for heading in re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        seen.append(re.sub(r"[^\w\- ]", "", text).strip().lower().replace(" ", "-"))
    return frozenset(f"{one}-{seen[:at].count(one)}" if one in seen[:at] else one for at, one in enumerate(seen))


def _options(line: list[str], *names: str) -> list[str]:
    return [after for option, after in pairwise(line) if option in names]

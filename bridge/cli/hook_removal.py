"""The end of an installation: all webhooks of all connections are removed, as far as that can be done."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import orjson
import typer

from bridge.cli.admin_exchange import Answers, carry_out_each, make_request
from bridge.cli.durations import duration_text
from bridge.cli.hook_table import done_lines
from bridge.cli.printable import printable
from bridge.cli.settings_option import fail
from bridge.ops.settings import Settings
from bridge.registration.admin_messages import AdminKind, Asked


def remove_everywhere(settings: Settings, asked: Asked, wait: timedelta, *, as_json: bool) -> None:
    """Let the owner of each connection remove what is asked, all at once; exit 1 when something is left."""
    names = sorted(settings.connections)
    requests = [make_request(AdminKind.HOOKS_REMOVE, name, asked) for name in names]
    answers: Answers = {}
    if requests:
        waiting_for = f"waiting for the workers that have {len(names)} connections"
        answers = carry_out_each(settings, requests, wait, waiting_for)
    if as_json:
        told = {name: answer.model_dump(mode="json", exclude={"key"}) for name, answer in answers.items()}
        typer.echo(orjson.dumps({name: told.get(name) for name in names}).decode())
    else:
        for name in names:
            for line in done_lines(answers[name]) if name in answers else ():
                typer.echo(f"{name}: {line}")
    if left := [sentence for name in names if (sentence := _left(name, answers, wait)) is not None]:
        fail("; ".join(left), 1)


@contextmanager
def left_over(*, best_effort: bool) -> Iterator[None]:
    """With `best_effort` let a failure, which has been told by then, end in exit 0."""
    try:
        yield
    except typer.Exit as end:
        raise typer.Exit(0 if best_effort and end.exit_code == 1 else end.exit_code) from None


def _left(name: str, answers: Answers, wait: timedelta) -> str | None:
    if name not in answers:
        return f"{name}: no worker answered within {duration_text(wait)}"
    answer = answers[name]
    return None if answer.status == "ok" else printable(f"{name}: {answer.sentence or 'the worker could not do it'}")

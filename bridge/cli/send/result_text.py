"""A result as people read it. Numbers are not masked here: whoever reads this has asked for it. Pure."""

from datetime import UTC, datetime

import orjson

from bridge.cli.printable import printable
from bridge.cli.send.request import Answer
from bridge.events.result_models import Status

_HEAD = 12
# Wide enough for the longest word before a value.


def result_text(answer: Answer) -> str:
    """Return the lines for a result: its status first, what was fetched last, as indented JSON."""
    result = answer.result
    code = "" if result.code is None else f" ({result.code})"
    rows = {
        "command": f"{result.command_type} {answer.event.attributes['commandid']}",
        "http status": result.http_status,
        "attempts": result.attempts,
        "accepted": _moment(result.accepted_time),
        "sent": _moment(result.sent_time),
        "finished": _moment(result.finished_time),
    }
    lines = [f"{result.status}{code}: {result.message}"]
    if result.status is Status.IN_DOUBT:
        lines.append("How this ended is known within 5 minutes, while a worker runs: bridge doubts shows it.")
    lines += [f"  {head:<{_HEAD}}{value}" for head, value in rows.items() if value is not None]
    if result.data is not None:
        lines += orjson.dumps(result.data, option=orjson.OPT_INDENT_2).decode().splitlines()
    return "\n".join(map(printable, lines))


def _moment(time: datetime | None) -> str | None:
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""What the drill of the recovery prints: a row of what it did, and a row of each trigger of the vendor."""

from collections.abc import Sequence

from tests.drills.recovery import Recovery
from tests.drills.recovery_judge import TriggerRow
from tests.drills.recovery_scene import LIMIT, MOST_HOOKS
from tests.drills.report import markdown

_FIGURES = (
    "drill",
    "calls",
    "dropped",
    "doubled",
    "late",
    "rows deleted",
    "ingress away",
    "deaths",
    "429s",
    "fullest",
    "poll gap",
    "hooks",
    "after restart",
    "seconds",
    "verdict",
)
_TRIGGERS = (
    "trigger",
    "event",
    "happened",
    "told",
    "webhook",
    "poll",
    "reconcile",
    "distinct",
    "unseen",
    "lost",
    "missing",
    "verdict",
)
_MOST_SENTENCES = 12


def recovery_tables(recovery: Recovery) -> str:
    """Give both tables in Markdown, and what is wrong, a line each."""
    done = recovery.figures
    figures = (
        "recovery",
        str(done.calls),
        str(done.dropped),
        str(done.doubled),
        str(done.late),
        str(done.deleted),
        f"{done.away_percent} %",
        str(done.deaths),
        str(done.throttled),
        f"{done.fullest}/{LIMIT}",
        f"{done.longest_gap_s:.0f} s",
        f"{done.most_hooks}/{MOST_HOOKS}",
        str(done.after_restart),
        f"{recovery.seconds:.0f}",
        "WRONG" if recovery.wrong else "right",
    )
    wrong = [f"    recovery: {sentence}" for sentence in recovery.wrong[:_MOST_SENTENCES]]
    tables = [markdown([_FIGURES, figures]), "", markdown([_TRIGGERS, *map(_cells, recovery.rows)])]
    return "\n".join([*tables, *wrong])


def _cells(row: TriggerRow) -> Sequence[str]:
    return (
        row.trigger,
        row.event,
        str(row.happened),
        "-" if row.accepted is None else str(row.accepted),
        *(str(row.origins[origin]) for origin in ("webhook", "poll", "reconcile")),
        str(row.distinct),
        str(row.unseen),
        str(row.lost),
        str(len(row.missing)),
        "WRONG" if row.missing or row.wrong else "seen",
    )

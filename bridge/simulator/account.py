"""One API key and all that is behind it."""

from bridge.simulator.books import Books
from bridge.simulator.calls import Kind
from bridge.simulator.day import Day
from bridge.simulator.directory import Directory
from bridge.simulator.faults import Faults
from bridge.simulator.hooks import Hooks
from bridge.simulator.ledger import Ledger
from bridge.simulator.limiter import SlidingLimiter
from bridge.simulator.lists import ListName, Rows, id_of, rows_of
from bridge.simulator.options import AccountOptions, SimulatorOptions
from bridge.simulator.seeds import stream
from bridge.simulator.sources import Sources


class Account:
    """A customer of the vendor: people, lists, calls, webhooks and quota of one key, and the judge's truth of them.

    `index` is the key's place among the simulator's keys: it, not the key, goes into the seed.
    """

    def __init__(self, key: str, options: SimulatorOptions, index: int, begin: int, faults: Faults) -> None:
        self.key = key
        self.options: AccountOptions = options.keys[key]
        seed, name = options.seed, str(index)
        rate = self.options.calls_per_second or options.calls_per_second
        self.directory = Directory(stream(seed, name, "directory"), begin, options.kept_rows)
        self.books = Books(options.kept_rows)
        self.ledger = Ledger(options.kept_rows)
        self.hooks = Hooks(self.options.max_hooks, stream(seed, name, "hooks"))
        self.limiter = SlidingLimiter(self.options.limit, self.options.window)
        self.retry_after = self.options.retry_after
        self.operations = self.options.operations
        self.day = Day(
            Sources(seed, name),
            self.directory,
            self.books,
            self.ledger,
            begin=begin,
            gap=options.speed / rate,
            brevity=options.brevity,
            misnames=lambda: faults.strike("history_other_contact", key, "GetCallHistory") is not None,
        )

    def rows(self, name: ListName) -> Rows:
        return rows_of(name, self.books, self.directory)

    def add_row(self, name: ListName, now: float) -> None:
        """Have a row appear at the top of the list; of a call, recording or voicemail with the day's next step."""
        created = self.day.begin + int(now)
        match name:
            case "call_history":
                self.day.insert(Kind.UNANSWERED, now)
            case "call_records":
                self.day.insert(Kind.OUTGOING, now, recorded=True)
            case "voicemails":
                self.day.insert(Kind.VOICEMAIL, now)
            case "audio_prompts":
                self.directory.add_prompt()
            case "contacts":
                self.directory.add_contact(created)
            case "groups":
                self.directory.add_group(created)
            case "voicemail_boxes":
                self.directory.add_box(created)
            case "voip_endpoints":
                self.directory.add_endpoint()

    def delete_row(self, name: ListName, row_id: int | None = None) -> int | None:
        """Take a row off what the API shows, without an id the newest; returns its id, None when there is none."""
        rows = self.rows(name)
        row = next(rows.newest_first(), None) if row_id is None else rows.get(row_id)
        return None if row is None or rows.take(id_of(row)) is None else id_of(row)

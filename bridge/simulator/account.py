"""One API key and all that is behind it."""

from bridge.simulator.books import Books
from bridge.simulator.day import Day
from bridge.simulator.directory import Directory
from bridge.simulator.hooks import Hooks
from bridge.simulator.options import AccountOptions, SimulatorOptions
from bridge.simulator.seeds import stream


class Account:
    """A customer of the vendor: people, lists, calls and webhooks of one key.

    `index` is the key's place among the simulator's keys: it, not the key, goes into the seed.
    """

    def __init__(self, key: str, options: SimulatorOptions, index: int, begin: int) -> None:
        self.key = key
        self.options: AccountOptions = options.keys[key]
        seed, name = options.seed, str(index)
        rate = self.options.calls_per_second or options.calls_per_second
        self.directory = Directory(stream(seed, name, "directory"), begin)
        self.books = Books(options.kept_rows)
        self.hooks = Hooks(self.options.max_hooks, stream(seed, name, "hooks"))
        self.day = Day(
            stream(seed, name, "calls"),
            stream(seed, name, "ids"),
            self.directory,
            self.books,
            begin=begin,
            gap=options.speed / rate,
        )

"""Until when a command may begin (contract, section 6). Pure: epoch milliseconds by the brokers' clock throughout."""

from typing import Final

from bridge.commands.command import Command

LONGEST_WAIT_MS: Final = 120_000
# The contract's: nobody is called later than two minutes after somebody asked for it, whatever the command says.


def deadline_ms(command: Command, ttl_ms: int) -> int:
    """Return a command's deadline; `ttl_ms` is the connection's for its kind.

    It may be past already. The client's `time` can only make it earlier: a clock that is ahead gives no more time.
    """
    accepted_ms, sent_ms = command.accepted_ms, command.sent_ms
    base_ms = accepted_ms if sent_ms is None else min(sent_ms, accepted_ms)
    asked_ms = base_ms + ttl_ms if command.expiry_ms is None else command.expiry_ms
    return min(asked_ms, accepted_ms + LONGEST_WAIT_MS)

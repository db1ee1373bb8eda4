"""What it means that the vendor refuses a registration, for the plan and for people. Pure."""

from dataclasses import dataclass
from typing import Final, Literal

from bridge.pbx.responses import Done, Exchange, Item, Lost, NotSent, Refused, Registered, Rows, Unusable

Ending = Literal["done", "not_done", "unknown"]
"""Whether the vendor did what it was asked for."""

_TEMPORARY: Final = frozenset({401, 408, 429})
# The quota frees itself, and the file of the API key is read again when somebody mends it.


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a round of registrations ended early. `final`: nothing is tried again until somebody asks for it."""

    asked: Literal["register", "remove"]
    hook: str
    status: int | None
    code: str
    message: str | None
    final: bool

    @property
    def sentence(self) -> str:
        """What happened, and what a person does about it."""
        said = f'{self.code} (HTTP {self.status}): "{self.message}"' if self.message else self.code
        what = f"The vendor does not {self.asked} {self.hook}: {said}."
        return f"{what} {self._advice}"

    @property
    def _advice(self) -> str:
        again = "Then bridge hooks apply, or a restart, tries again."
        match self.status:
            case 403:
                return (
                    "Either the account has its 20 webhooks: look at API -> WEB HOOKS in the vendor's panel and remove "
                    "what nobody needs, or take one over with bridge hooks adopt. Or the API key was not given this "
                    f"method: give it there. {again}"
                )
            case 401:
                return "The API key is not accepted: mend api_key or its file. It is tried again every minute."
            case _ if self.final:
                return f"Look at ingress.public_url, which the vendor has to reach. {again}"
            case _:
                return "It is tried again every minute."


def ending_of_registration(exchange: Exchange) -> Ending:
    """Say whether the vendor has the webhook now. Its id is in the outcome `Registered` alone."""
    match exchange.outcome:
        case Registered():
            return "done"
        case Refused() | NotSent():
            return "not_done"
        case _:
            return "unknown"


def ending_of_removal(exchange: Exchange) -> Ending:
    """Say whether the webhook is gone; one that was gone already is answered 404."""
    match exchange.outcome:
        case Done():
            return "done"
        case Refused(status=404):
            return "done"
        case Refused() | NotSent():
            return "not_done"
        case _:
            return "unknown"


def trouble_of(asked: Literal["register", "remove"], hook: str, exchange: Exchange) -> Trouble:
    """Describe an exchange that did not do what it was to do."""
    match exchange.outcome:
        case Refused(status=status, code=code, message=message):
            return Trouble(asked, hook, status, code, message, final=status not in _TEMPORARY)
        case Unusable(status=status, reason=reason, message=message):
            return Trouble(asked, hook, status, reason.value, message, final=False)
        case Lost(reason=lost):
            return Trouble(asked, hook, exchange.status, lost.value, None, final=False)
        case NotSent(reason=not_sent):
            return Trouble(asked, hook, None, f"not_sent_{not_sent.value}", None, final=False)
        case Done() | Item() | Rows() | Registered():
            raise ValueError("the vendor did it")

"""What an operation does to an account, and what it answers. No I/O: the account is all that it changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never

import orjson

from bridge.simulator.account import Account
from bridge.simulator.answers import Answer, not_found, unprocessable
from bridge.simulator.distortions import distort
from bridge.simulator.faults import Faults
from bridge.simulator.hooks import HookLimitError, receiver_of
from bridge.simulator.lists import FILTERS, ID_NAMES, LOST_CALL_FILTERS, select
from bridge.simulator.operations import DeleteHook, Dial, GetItem, GetList, GetLostCalls, Operation, RegisterHook
from bridge.simulator.queries import RefusedQueryError, read_query, whole_number
from bridge.simulator.rows import Row, data_of

# What a telephone number may consist of, and how long one gets with a prefix.
_DIALLABLE, _LONGEST_NUMBER = frozenset("+0123456789"), 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request wants; `operation` None = nothing that the contract has.

    `now` is in simulated seconds since the day began.
    """

    operation: Operation | None
    path_id: str
    parameters: Mapping[str, str]
    body: bytes
    now: float


@dataclass(frozen=True, slots=True)
class Performed:
    """The answer, and the id of the call that will come of it."""

    answer: Answer
    call_id: int | None = None


def perform(account: Account, operation: Operation, wanted: Wanted, faults: Faults) -> Performed:
    """Carry the operation out."""
    match operation:
        case RegisterHook():
            return Performed(_register(account, operation, wanted.body))
        case DeleteHook():
            return Performed(_delete_hook(account, wanted.path_id))
        case GetList():
            return Performed(_list(account, operation, wanted.parameters, faults))
        case GetItem():
            return Performed(_item(account, operation, wanted.path_id, faults))
        case GetLostCalls():
            return Performed(_lost_calls(account, operation, wanted, faults))
        case Dial():
            return _dial(account, operation, wanted, faults)
        case _:
            assert_never(operation)


def asks_for_next_page(operation: GetList, parameters: Mapping[str, str]) -> bool:
    """Tell whether the request would be answered, and not from the top of the list on."""
    try:
        return read_query(parameters, FILTERS[operation.name], ID_NAMES[operation.name]).offset > 0
    except RefusedQueryError:
        return False


def read_dial(body: bytes) -> tuple[int | None, str | None]:
    """Return contact and destination of a request to dial, None for what is missing or of the wrong type."""
    asked = _json_object(body)
    contact_id, destination = asked.get("contactID"), asked.get("destination")
    return (
        contact_id if isinstance(contact_id, int) and not isinstance(contact_id, bool) else None,
        destination if isinstance(destination, str) else None,
    )


def _register(account: Account, operation: RegisterHook, body: bytes) -> Answer:
    endpoint = _json_object(body).get("endpoint")
    receiver = receiver_of(endpoint) if isinstance(endpoint, str) else None
    if not isinstance(endpoint, str) or receiver is None:
        return unprocessable("endpoint is a URL")
    try:
        hook = account.hooks.register(operation.event, endpoint, receiver)
    except HookLimitError:
        return Answer(403, "Webhook limit reached")
    return Answer(200, data=str(hook.hook_id))


def _delete_hook(account: Account, path_id: str) -> Answer:
    hook_id = whole_number(path_id)
    if hook_id is None:
        return unprocessable("the id is a whole number")
    return Answer(200, data={}) if account.hooks.remove(hook_id) else not_found()


def _list(account: Account, operation: GetList, parameters: Mapping[str, str], faults: Faults) -> Answer:
    try:
        query = read_query(parameters, FILTERS[operation.name], ID_NAMES[operation.name])
    except RefusedQueryError as error:
        return unprocessable(str(error))
    rows = account.rows(operation.name).newest_first(query.after)
    return _page(account, operation, select(rows, query), faults)


def _lost_calls(account: Account, operation: GetLostCalls, wanted: Wanted, faults: Faults) -> Answer:
    try:
        query = read_query(wanted.parameters, LOST_CALL_FILTERS)
    except RefusedQueryError as error:
        return unprocessable(str(error))
    lost = account.books.lost_callers(account.day.begin + wanted.now)
    return _page(account, operation, select(lost, query), faults)


def _page(account: Account, operation: GetList | GetLostCalls, rows: Iterable[Row], faults: Faults) -> Answer:
    page = [distort(data_of(row, account.directory), faults, account.key, operation.operation_id) for row in rows]
    return Answer(200, data=page) if page else not_found()


def _item(account: Account, operation: GetItem, path_id: str, faults: Faults) -> Answer:
    row_id = whole_number(path_id)
    if row_id is None:
        return unprocessable("the id is a whole number")
    row = account.rows(operation.name).get(row_id)
    if row is None:
        return not_found()
    return Answer(200, data=distort(data_of(row, account.directory), faults, account.key, operation.operation_id))


def _dial(account: Account, operation: Dial, wanted: Wanted, faults: Faults) -> Performed:
    contact_id, destination = read_dial(wanted.body)
    if contact_id is None or not destination:
        return Performed(unprocessable("contactID is a whole number, destination a text"))
    if not _DIALLABLE.issuperset(destination) or len(destination) > _LONGEST_NUMBER:
        return Performed(unprocessable("destination is a telephone number"))
    contact = account.directory.contacts.get(contact_id)
    if contact is None:
        return Performed(not_found())
    if contact.archived:
        return Performed(unprocessable("the contact is archived"))
    done = Answer(200, data={})
    if faults.strike("dial_without_call", account.key, operation.operation_id):
        return Performed(done)
    return Performed(done, account.day.dial(contact, destination, wanted.now))


def _json_object(body: bytes) -> dict[str, object]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}

"""The control interface: what a person or a drill does to the simulator over HTTP, below `/_control`."""

from aiohttp import web

from bridge.simulator.account import Account
from bridge.simulator.control_fields import Fields, answer, wrong
from bridge.simulator.facts import EVENTS
from bridge.simulator.lists import LISTS, ListName
from bridge.simulator.operations import OPERATION_IDS
from bridge.simulator.options import RetryPolicy
from bridge.simulator.queries import whole_number
from bridge.simulator.switches import FAULTS, Fault, FaultName
from bridge.simulator.world import DRAIN, World

CONTROL_PATH = "/_control"


def account_of(world: World, request: web.Request) -> Account:
    """Return the account of the parameter `key`, by default the first. Raises HTTPBadRequest."""
    key = request.query.get("key", next(iter(world.accounts)))
    account = world.accounts.get(key)
    if account is None:
        raise wrong(f"key is one of {', '.join(world.accounts)}")
    return account


class Control:
    """Routes that change something."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_to(self, app: web.Application) -> None:
        app.router.add_post(f"{CONTROL_PATH}/play", self._play)
        app.router.add_post(f"{CONTROL_PATH}/stop", self._stop)
        app.router.add_put(f"{CONTROL_PATH}/limit", self._set_limit)
        app.router.add_put(f"{CONTROL_PATH}/operations", self._set_operations)
        app.router.add_put(f"{CONTROL_PATH}/retry", self._set_retry)
        app.router.add_get(f"{CONTROL_PATH}/faults", self._show_faults)
        app.router.add_delete(f"{CONTROL_PATH}/faults", self._clear_faults)
        app.router.add_put(f"{CONTROL_PATH}/faults/{{name}}", self._set_fault)
        app.router.add_delete(f"{CONTROL_PATH}/faults/{{name}}", self._clear_fault)
        app.router.add_post(f"{CONTROL_PATH}/hooks/{{id}}/forget", self._forget_hook)
        app.router.add_post(f"{CONTROL_PATH}/rows/{{name}}", self._add_row)
        app.router.add_delete(f"{CONTROL_PATH}/rows/{{name}}", self._delete_row)

    async def _play(self, _: web.Request) -> web.Response:
        self._world.start_playing()
        return answer({"playing": True})

    async def _stop(self, request: web.Request) -> web.Response:
        asked = Fields(await request.read())
        finish = asked.flag("finish", default=True)
        drain = asked.number("drain", DRAIN)
        asked.end()
        return answer({"playing": False, "drained": await self._world.stop_playing(finish=finish, drain=drain)})

    async def _set_limit(self, request: web.Request) -> web.Response:
        account = account_of(self._world, request)
        asked = Fields(await request.read())
        limit = asked.whole("limit", account.limiter.limit)
        window = asked.number("window", account.limiter.window)
        retry_after = asked.flag("retry_after", default=account.retry_after)
        asked.end()
        try:
            self._world.set_limit(account.key, limit, window, retry_after=retry_after)
        except ValueError as error:
            raise wrong(str(error)) from error
        return answer({"key": account.key, "limit": limit, "window": window, "retry_after": retry_after})

    async def _set_operations(self, request: web.Request) -> web.Response:
        account = account_of(self._world, request)
        asked = Fields(await request.read())
        operations = asked.names("operations", OPERATION_IDS, account.operations or frozenset())
        asked.end()
        account.operations = operations or None
        return answer({"key": account.key, "operations": sorted(operations or OPERATION_IDS)})

    async def _set_retry(self, request: web.Request) -> web.Response:
        asked = Fields(await request.read())
        usual = self._world.retry
        try:
            policy = RetryPolicy(
                repeats=asked.whole("repeats", usual.repeats),
                first=asked.number("first", usual.first),
                factor=asked.number("factor", usual.factor),
                longest=asked.number("longest", usual.longest),
                timeout=asked.number("timeout", usual.timeout),
            )
        except ValueError as error:
            raise wrong(str(error)) from error
        asked.end()
        self._world.set_retry(policy)
        return answer(policy)

    async def _show_faults(self, _: web.Request) -> web.Response:
        on = {name: shown_fault(fault) for name, fault in self._world.faults}
        return answer({"on": on, "struck": self._world.faults.struck, "known": FAULTS})

    async def _set_fault(self, request: web.Request) -> web.Response:
        name = _fault_name(request)
        asked = Fields(await request.read())
        try:
            fault = Fault(
                probability=asked.number("probability", 1.0),
                times=asked.whole("times", None),
                on=asked.names("on", OPERATION_IDS.union(EVENTS)),
                keys=asked.names("keys", frozenset(self._world.accounts)),
                fields=asked.names("fields", None),
                seconds=asked.number("seconds", None),
                processed=asked.flag("processed", default=None),
            )
            asked.end()
            self._world.faults.set(name, fault)
        except ValueError as error:
            raise wrong(str(error)) from error
        return answer(shown_fault(fault))

    async def _clear_fault(self, request: web.Request) -> web.Response:
        self._world.faults.clear(_fault_name(request))
        return answer({})

    async def _clear_faults(self, _: web.Request) -> web.Response:
        self._world.faults.clear()
        return answer({})

    async def _forget_hook(self, request: web.Request) -> web.Response:
        hook_id = whole_number(request.match_info["id"])
        if hook_id is None or not account_of(self._world, request).hooks.forget(hook_id):
            raise wrong("there is no such webhook")
        return answer({"forgotten": str(hook_id)})

    async def _add_row(self, request: web.Request) -> web.Response:
        self._world.add_row(account_of(self._world, request).key, _list_name(request))
        return answer({})

    async def _delete_row(self, request: web.Request) -> web.Response:
        row_id = whole_number(request.query["id"]) if "id" in request.query else None
        if "id" in request.query and row_id is None:
            raise wrong("id is a whole number")
        deleted = account_of(self._world, request).delete_row(_list_name(request), row_id)
        if deleted is None:
            raise wrong("there is no such row")
        return answer({"deleted": deleted})


def shown_fault(fault: Fault) -> dict[str, object]:
    """Return the switch as it is written over HTTP."""
    return {
        "probability": fault.probability,
        "times": fault.times,
        "on": sorted(fault.on),
        "keys": sorted(fault.keys),
        "fields": sorted(fault.fields),
        "seconds": fault.seconds,
        "processed": fault.processed,
    }


def _fault_name(request: web.Request) -> FaultName:
    asked = request.match_info["name"]
    name = next((name for name in FAULTS if name == asked), None)
    if name is None:
        raise wrong(f"the switches are {', '.join(FAULTS)}")
    return name


def _list_name(request: web.Request) -> ListName:
    asked = request.match_info["name"]
    name = next((name for name in LISTS if name == asked), None)
    if name is None:
        raise wrong(f"the lists are {', '.join(LISTS)}")
    return name

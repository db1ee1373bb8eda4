"""What the owner of a connection does when the command line asks for it.

Nothing here is done twice by being asked twice: each action begins with what the journal says, and every step of it is
stored under the owner's fence. So a request that two owners see in a rebalance does no more harm than one that a person
repeats.
"""

from collections.abc import Mapping

from bridge.calls.journal_format import Kept
from bridge.calls.journal_values import Hook
from bridge.calls.key_probe import NOT_PROBED, probe_key
from bridge.calls.means import Means
from bridge.pbx.hook_keys import HookName, parse_hook
from bridge.registration.admin_messages import AdminAnswer, AdminKind, AdminRequest, KeyAnswer
from bridge.registration.hook_state import StepLine, step_line
from bridge.registration.registrar import NO_URL, Registrar


async def act(request: AdminRequest, registrar: Registrar, means: Means, deadline: float) -> AdminAnswer:
    """Do what is asked, until `deadline` at the latest. ShardLost and Handover pass through: then nobody answers."""
    match request.kind:
        case AdminKind.HOOKS_LIST:
            return AdminAnswer(status="ok", hooks=registrar.state())
        case AdminKind.HOOKS_PLAN:
            return AdminAnswer(status="ok", hooks=registrar.state(at_once=True))
        case AdminKind.HOOKS_APPLY:
            return await _apply(registrar, means, deadline)
        case AdminKind.HOOKS_ADOPT:
            return await _adopt(request, registrar)
        case AdminKind.HOOKS_REMOVE:
            return await _remove(request, registrar, means, deadline)
        case AdminKind.PROBE:
            return await _probe(request, means, deadline)


async def _apply(registrar: Registrar, means: Means, deadline: float) -> AdminAnswer:
    registrar.end_pause()
    if registrar.idle is not None:
        return _refused(registrar, f"There is nothing to apply: {registrar.idle}.")
    registrar.forget_trouble()
    done = list[StepLine]()
    while means.clock.now() < deadline and (step := await registrar.take_step(at_once=True)) is not None:
        done.append(step_line(step))
    if registrar.trouble is not None:
        return AdminAnswer(
            status="failed", sentence=registrar.trouble.sentence, hooks=registrar.state(), done=tuple(done)
        )
    if registrar.state().steps:
        sentence = "Not all could be done by now; the worker goes on with it every minute."
        return AdminAnswer(status="failed", sentence=sentence, hooks=registrar.state(), done=tuple(done))
    return AdminAnswer(status="ok", hooks=registrar.state(), done=tuple(done))


async def _adopt(request: AdminRequest, registrar: Registrar) -> AdminAnswer:
    name, webhook_id = _name(request), request.asked.webhook_id
    if name is None or webhook_id is None:
        return _refused(registrar, "To adopt a registration takes its id and one of the ten events.")
    kept = registrar.records.kept
    if name in kept and kept[name].value.id == webhook_id:
        return AdminAnswer(status="ok", sentence=f"{webhook_id} was {name.text} before.", hooks=registrar.state())
    if (contradiction := _contradiction(name, webhook_id, kept)) is not None:
        return _refused(registrar, contradiction)
    # One of ours has the URL that it was asked for with; one made by hand, that of `bridge hooks url`.
    address = kept[name].value.address if name in kept else registrar.address(name)
    if address is None:
        return _refused(registrar, f"{NO_URL}.")
    await registrar.put(name, Hook("active", address, webhook_id))
    registrar.forget_trouble()
    registrar.poke()
    return AdminAnswer(status="ok", sentence=f"{webhook_id} is {name.text} now.", hooks=registrar.state())


def _contradiction(name: HookName, webhook_id: int, kept: Mapping[HookName, Kept[Hook]]) -> str | None:
    holder = next((other.text for other, hook in kept.items() if hook.value.id == webhook_id), None)
    if holder is not None:
        return f"{webhook_id} is {holder} already."
    if name in kept and kept[name].value.id is not None:
        return f"{name.text} is {kept[name].value.id}: remove that first."
    if name.generation and name not in kept:
        return f"The bridge knows of no {name.text}; one that was made by hand is {name.event}.0."
    return None


async def _remove(request: AdminRequest, registrar: Registrar, means: Means, deadline: float) -> AdminAnswer:
    if request.asked.every and request.asked.pause_s:
        # First: what is being registered at this moment is among what is removed then.
        await registrar.pause(request.asked.pause_s)
    if request.asked.every and registrar.idle is None:
        return _refused(registrar, "Set webhooks.register to false first: else all are registered again in a minute.")
    names = [parse_hook(text) for text in request.asked.hooks]
    chosen = list(registrar.records.kept) if request.asked.every else [name for name in names if name is not None]
    unknown = [text for text in request.asked.hooks if parse_hook(text) not in registrar.records.kept]
    if unknown:
        return _refused(registrar, f"The bridge knows of no {', '.join(unknown)}: bridge hooks list shows all.")
    registrar.forget_trouble()
    done = list[StepLine]()
    for name in sorted(chosen):
        kept = registrar.records.kept.get(name)
        if kept is None:
            continue
        if means.clock.now() >= deadline or not await registrar.drop(name):
            sentence = registrar.trouble.sentence if registrar.trouble else "Not all could be removed in time."
            return AdminAnswer(status="failed", sentence=sentence, hooks=registrar.state(), done=tuple(done))
        done.append(StepLine(do="remove", hook=name.text, id=kept.value.id))
    registrar.poke()
    return AdminAnswer(status="ok", hooks=registrar.state(), done=tuple(done))


async def _probe(request: AdminRequest, means: Means, deadline: float) -> AdminAnswer:
    found = await probe_key(request.connection, means, deadline)
    answer = KeyAnswer(key=found.key, lacking=found.lacking, not_probed=NOT_PROBED, detail=found.detail)
    return AdminAnswer(status="ok", key=answer)


def _name(request: AdminRequest) -> HookName | None:
    return parse_hook(request.asked.hooks[0]) if len(request.asked.hooks) == 1 else None


def _refused(registrar: Registrar, sentence: str) -> AdminAnswer:
    return AdminAnswer(status="refused", sentence=sentence, hooks=registrar.state())

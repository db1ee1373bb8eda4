"""The table of rights as a value; that it is enough and not too much is seen on a real broker in other files."""

from collections import Counter

import pytest

from bridge.commands.observed_calls import CALL_EVENTS
from bridge.events.catalogue import WEBHOOK_EVENTS, EventName
from bridge.events.topics import event_topic
from bridge.kafka.journal_producer import transactional_id
from bridge.kafka.rights import KafkaRole, Operation, Right, Target, rights, transactional_ids
from bridge.polling.rows import LISTED
from bridge.reconcile.compared_lists import ITEM_LISTS
from bridge.reconcile.event_tail import FOLLOWED
from bridge.reconcile.published_facts import LOST_CALLER_EVENTS

IMPLIED: dict[Operation, set[Operation]] = {
    "Describe": {"Read", "Write"},
    "DescribeConfigs": {"AlterConfigs"},
}


def events_with(role: KafkaRole, operation: Operation) -> set[EventName]:
    allowed = {right.target.name for right in rights(role, "pbx") if operation in right.operations}
    return {event for event in EventName if event_topic("pbx", event) in allowed}


def allowed(role: KafkaRole, *, manage: bool = False) -> set[tuple[Target, Operation]]:
    return {(right.target, operation) for right in rights(role, "pbx", manage=manage) for operation in right.operations}


def test_the_ingress_writes_what_webhooks_tell_and_reads_nothing() -> None:
    """Each event of a webhook may be written by the ingress, and no event be read."""
    assert events_with(KafkaRole.INGRESS, "Write") == set(WEBHOOK_EVENTS.values())
    assert not events_with(KafkaRole.INGRESS, "Read")


def test_the_worker_writes_what_it_polls_and_reconciles() -> None:
    """The events that a worker may write are those of its polls, and those that the reconciliation makes up for."""
    reconciled = {one.event for one in ITEM_LISTS.values()} | LOST_CALLER_EVENTS
    assert events_with(KafkaRole.WORKER, "Write") == set(LISTED.values()) | reconciled


def test_the_worker_reads_what_it_compares() -> None:
    """The events that a worker may read are those that the reconciliation follows, and those that explain a doubt."""
    assert events_with(KafkaRole.WORKER, "Read") == FOLLOWED | set(CALL_EVENTS)


def test_the_worker_has_the_ids_of_all_shards() -> None:
    """Each shard's transactional id is among those that a worker may write, and no other installation's is."""
    ids = transactional_ids("pbx")
    assert all(ids.covers("transactional-id", transactional_id("pbx", shard)) for shard in (0, 11, 999))
    assert not ids.covers("transactional-id", transactional_id("pbx2", 0))
    assert not ids.covers("topic", transactional_id("pbx", 0))


def test_a_whole_name_covers_itself_alone() -> None:
    """A right on a whole name is none on a name that begins with it."""
    commands = Target("topic", "pbx.commands.v1", "literal")
    assert commands.covers("topic", "pbx.commands.v1")
    assert not commands.covers("topic", "pbx.commands.v10")


def test_a_process_of_both_roles_needs_what_each_needs() -> None:
    """The role `all` has the rights of ingress and worker, but the one that the worker's imply."""
    implied = {(Target("topic", "pbx.", "prefixed"), "Describe")}
    both = allowed(KafkaRole.INGRESS) | allowed(KafkaRole.WORKER)
    assert allowed(KafkaRole.ALL) == both - implied


@pytest.mark.parametrize("role", ["ingress", "worker", "all"])
def test_creating_topics_takes_one_right_more(role: str) -> None:
    """With `topics.manage` a role of the service may create topics of its prefix, and nothing else more."""
    more = allowed(KafkaRole(role), manage=True) - allowed(KafkaRole(role))
    assert more == {(Target("topic", "pbx.", "prefixed"), "Create")}


@pytest.mark.parametrize("role", ["topics", "tool", "consumer", "commander"])
def test_other_roles_do_not_depend_on_manage(role: str) -> None:
    """What tools and microservices need is the same whoever creates the topics."""
    assert allowed(KafkaRole(role), manage=True) == allowed(KafkaRole(role))


@pytest.mark.parametrize("role", list(KafkaRole), ids=str)
def test_each_target_stands_once_with_a_reason(role: KafkaRole) -> None:
    """A table has a line for each target, with operations and a sentence; nothing that another operation implies."""
    table = rights(role, "pbx", manage=True, group="billing")
    assert Counter(right.target for right in table).most_common(1)[0][1] == 1
    for right in table:
        assert right.operations
        assert right.why.endswith(".")
        for operation in right.operations:
            assert IMPLIED.get(operation, set()).isdisjoint(right.operations)


@pytest.mark.parametrize("role", list(KafkaRole), ids=str)
def test_no_right_is_part_of_another(role: KafkaRole) -> None:
    """Where an operation is allowed on all names with a beginning, it stands on no single one of these."""
    table = [(right.target, operation) for right in rights(role, "pbx", manage=True) for operation in right.operations]
    for whole, operation in table:
        covered = [one for one, same in table if same == operation and whole.covers(one.resource, one.name)]
        assert covered == [whole]


@pytest.mark.parametrize("role", list(KafkaRole), ids=str)
def test_all_is_named_after_the_prefix(role: KafkaRole) -> None:
    """Two installations on one cluster have no right in common: each name begins with the prefix and a dot."""
    table = rights(role, "other", group="other.group")
    assert all(right.target.name.startswith("other.") for right in table)


def test_a_consumer_has_a_group_of_its_own() -> None:
    """The group of a microservice is the one that it names, and its rights on topics only let it read."""
    table = rights(KafkaRole.CONSUMER, "pbx", group="billing")
    assert [right.target for right in table if right.target.resource == "group"] == [
        Target("group", "billing", "literal")
    ]
    assert {operation for right in table for operation in right.operations} == {"Read"}


def test_a_commander_writes_commands_alone() -> None:
    """Whoever publishes commands needs one right."""
    commands = Target("topic", "pbx.commands.v1", "literal")
    assert rights(KafkaRole.COMMANDER, "pbx") == (Right(commands, (("Write", "Publishes commands."),)),)

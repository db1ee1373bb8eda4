"""What the brokers' answers mean for a table of rights. Pure; that they answer so is seen in `test_rights_told.py`."""

from bridge.kafka.missing_rights import MissingRight, Question, missing_rights, questions, target_text
from bridge.kafka.rights import Right, Target, transactional_ids

COMMANDS = Target("topic", "pbx.commands.v1", "literal")
ALL_TOPICS = Target("topic", "pbx.", "prefixed")
TABLE = (
    Right(COMMANDS, (("Read", "Takes them."), ("Write", "Sends them."))),
    Right(ALL_TOPICS, (("DescribeConfigs", "Compares them."),)),
    Right(transactional_ids("pbx"), (("Write", "Fences."),)),
)
TOPICS = ("pbx.commands.v1", "pbx.results.v1", "pbx2.results.v1")


def test_each_operation_is_asked_for_by_whole_names() -> None:
    """A line on a beginning is asked for on each topic that begins so, and on the first shard's transactional id."""
    assert questions(TABLE, TOPICS) == {
        Question("topic", "pbx.commands.v1", "Read"),
        Question("topic", "pbx.commands.v1", "Write"),
        Question("topic", "pbx.commands.v1", "DescribeConfigs"),
        Question("topic", "pbx.results.v1", "DescribeConfigs"),
        Question("transactional-id", "pbx.shard-0", "Write"),
    }


def test_what_is_refused_is_missing_with_its_reason() -> None:
    """An operation that was refused is missing, the others of its line are not."""
    answers = {question: question.operation != "Write" for question in questions(TABLE, TOPICS)}
    assert missing_rights(TABLE, answers) == (
        MissingRight(COMMANDS, "Write", "Sends them."),
        MissingRight(transactional_ids("pbx"), "Write", "Fences."),
    )


def test_a_line_on_a_beginning_is_missing_once() -> None:
    """However many topics it is refused on, and also where it is refused on one alone."""
    asked = [question for question in questions(TABLE, TOPICS) if question.operation == "DescribeConfigs"]
    missing = (MissingRight(ALL_TOPICS, "DescribeConfigs", "Compares them."),)
    assert missing_rights(TABLE, dict.fromkeys(asked, False)) == missing
    assert missing_rights(TABLE, dict.fromkeys(asked, True) | {asked[0]: False}) == missing


def test_what_is_not_answered_is_not_missing() -> None:
    """Of a topic that does not exist nothing is known, so nothing is said."""
    assert missing_rights(TABLE, {}) == ()


def test_a_missing_right_reads_as_kafka_names_it() -> None:
    """People see the operation, the kind of resource, and its name or beginning."""
    assert str(MissingRight(COMMANDS, "Write", "Sends them.")) == "Write on topic pbx.commands.v1"
    assert str(MissingRight(ALL_TOPICS, "Create", "x")) == "Create on topics that begin with pbx."
    assert target_text(transactional_ids("pbx")) == "transactional ids that begin with pbx.shard-"
    assert target_text(Target("group", "pbx.owners", "literal")) == "group pbx.owners"

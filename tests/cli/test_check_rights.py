"""What `bridge check` makes of the rights that were found missing; that they are found is seen on a real broker."""

from bridge.cli.check_rights import ROLES, rights_found
from bridge.cli.found import Found
from bridge.kafka.missing_rights import Looked, MissingRight, Question
from bridge.kafka.rights import KafkaRole, Target

INGRESS, WORKER, TOOL = KafkaRole.INGRESS, KafkaRole.WORKER, KafkaRole.TOOL


def lacking(*names: str) -> Looked:
    return Looked(tuple(MissingRight(Target("topic", name, "literal"), "Write", f"Writes {name}.") for name in names))


def test_nothing_missing_is_one_line() -> None:
    """Without a role all of those are named whom the credentials are enough for; with one it alone."""
    looked = dict.fromkeys(ROLES, lacking())
    assert rights_found(ROLES, looked) == [
        Found("rights", ok=True, sentence="all that ingress and worker and tool need")
    ]
    assert rights_found([WORKER], looked) == [Found("rights", ok=True, sentence="all that worker needs")]


def test_who_is_not_meant_may_lack_rights() -> None:
    """Credentials of one role are no fault for the others: what these lack is mentioned, three rights of it at most."""
    looked = {INGRESS: lacking(), WORKER: lacking("a", "b", "c", "d", "e"), TOOL: lacking("a")}
    sentence = (
        "all that ingress needs; worker lacks Write on topic a, Write on topic b, Write on topic c and 2 more; "
        "tool lacks Write on topic a"
    )
    assert rights_found(ROLES, looked) == [Found("rights", ok=True, sentence=sentence)]


def test_where_no_role_has_all_the_nearest_one_s_are_named() -> None:
    """Each missing right has a line with its reason, and the last line says what to do."""
    looked = {INGRESS: lacking("a", "b", "c"), WORKER: lacking("a", "b"), TOOL: lacking("a", "b", "c", "d")}
    found = rights_found(ROLES, looked)
    assert [(item.what, item.ok) for item in found] == [("rights", False)] * 3
    assert [item.sentence for item in found] == [
        "Write on topic a is missing. Writes a.",
        "Write on topic b is missing. Writes b.",
        "bridge topics rights --role worker --principal User:NAME prints the commands that give the rights of worker",
    ]
    assert rights_found([INGRESS], looked)[-1].sentence.startswith("bridge topics rights --role ingress ")


def test_what_cannot_be_told_yet_is_said() -> None:
    """Rights on topics that do not exist are known of by nobody."""
    looked = {INGRESS: Looked((), frozenset({Question("topic", "a", "Write")}))}
    (found,) = rights_found([INGRESS], looked)
    assert found.sentence == "all that ingress needs, as far as can be told before all topics exist"

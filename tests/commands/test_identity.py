"""What makes two commands the same one."""

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from tests.commands.records import DIAL, binary, command, structured


def test_an_identity_is_the_hash_of_connection_source_and_id() -> None:
    """The whole SHA-256 of the compact JSON array."""
    assert command(binary()).identity == hashlib.sha256(b'["acme","/crm","c-1"]').hexdigest()
    assert command(binary()).identity == "7c6b9866ac09063b66c55c64009fa62c31a5a647f9c3776faa0de0625d724362"


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=64))
def test_an_identity_escapes_nothing_beyond_ascii(id_: str) -> None:
    """The formula again, by another JSON writer."""
    array = json.dumps(["acme", "/crm", id_], separators=(",", ":"), ensure_ascii=False)
    assert command(structured(DIAL, id=id_)).identity == hashlib.sha256(array.encode()).hexdigest()


def test_type_data_and_times_are_no_part_of_it() -> None:
    """A repeat with another destination is a repeat: what it says cannot be trusted to be meant."""
    other = binary({"id": 5}, type="pbx.command.get-call.v1", time="2018-01-16T11:26:58Z", correlationid="7")
    assert command(other).identity == command(binary()).identity
    parts = [{"id": "c-2"}, {"source": "/shop"}, {"connection": "beta"}]
    assert len({command(binary(DIAL, **part)).identity for part in [{}, *parts]}) == 4


def test_parts_do_not_run_into_each_other() -> None:
    """A quote in an id is no way to another identity."""
    one, other = command(binary(DIAL, source='a","b', id="c")), command(binary(DIAL, source="a", id='b","c'))
    assert one.identity != other.identity

"""The reference of the events, and the pages around it."""

import re
from pathlib import Path

import pytest

from bridge.events.catalogue import EventName, event_type
from bridge.events.reference import events_reference
from bridge.events.schemas import schema

DOCS = Path(__file__).parents[2] / "docs"
PAGE = events_reference()


def section(event: EventName) -> str:
    return PAGE.split(f"\n## `{event}`\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("event", EventName)
def test_each_event_has_a_section_with_all_a_consumer_asks(event: EventName) -> None:
    """What it means, when it comes, where it is, its fields, an example, what can repeat or be late."""
    described, text = schema(event_type(event)), section(event)
    assert text.strip().startswith(described["description"])
    for row in ("when", "topic", "type", "key", "id", "time", "comes from", "can repeat", "can be late"):
        assert re.search(rf"^\| {row} \| .*\S+.* \|$", text, re.MULTILINE), row
    for name, field in described["properties"].items():
        assert f"| `{name}` | " in text
        assert field["description"] in text
    assert "```json\n{" in text


def test_fields_inside_lists_are_told() -> None:
    """By their path."""
    assert "| `group_membership[].members[].contact_id` | integer (int64) or null |" in section(
        EventName.CONTACT_LISTED
    )


def test_what_is_about_a_person_is_marked() -> None:
    """For whoever has to delete it one day."""
    text = section(EventName.CALL_STARTED)
    assert re.search(r"^\| `caller` \| string or null \| \*personal\* ", text, re.MULTILINE)
    assert re.search(r"^\| `status` \| integer \(int64\) or null \| A code", text, re.MULTILINE)


@pytest.mark.parametrize("page", ["events.md", "events-reference.md", "consuming.md"])
def test_links_lead_somewhere(page: str) -> None:
    """To files that are there, and to headings that are in them."""
    for target in re.findall(r"\]\(([^)#]*(?:#[^)]*)?)\)", (DOCS / page).read_text()):
        if target.startswith("https://"):
            continue
        path, _, heading = target.partition("#")
        file = (DOCS / path).resolve() if path else DOCS / page
        assert file.exists(), target
        if heading:
            assert heading in _anchors(file), target


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}

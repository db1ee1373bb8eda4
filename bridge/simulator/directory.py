"""The people and devices of one account, seeded: the same stream gives the same company. Pure."""

from dataclasses import dataclass
from random import Random

from bridge.simulator.numbers import subscriber, written
from bridge.simulator.seeds import IdSequence
from bridge.simulator.shelf import Shelf

_FIRST = ("Andris", "Inga", "Jonas", "Rasa", "Tomas", "Egle", "Marius", "Laura", "Janis", "Liga", "Mantas", "Ruta")
_LAST = ("Berzins", "Kalnina", "Petrauskas", "Jankauskas", "Ozols", "Balciunas", "Liepa", "Urbonas", "Zukas", "Vitols")
_GROUPS = ("Sales", "Support", "Office")
_PROMPTS = ("Greeting", "Closed", "Queue", "Holiday")
_CONTACTS = 14  # a company small enough to know its people, large enough to transfer calls
_DAY = 86_400
_AGE = 400 * _DAY  # the company has been a customer for a good year


@dataclass(frozen=True, slots=True)
class Contact:
    contact_id: int
    first_name: str
    last_name: str
    number: str
    caller_id: str
    created: int
    archived: int

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class Group:
    group_id: int
    name: str
    type: int
    created: int
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class VoicemailBox:
    box_id: int
    name: str
    client_id: int
    created: int
    contact_id: int


@dataclass(frozen=True, slots=True)
class AudioPrompt:
    prompt_id: int
    name: str
    type: int


@dataclass(frozen=True, slots=True)
class VoipEndpoint:
    endpoint_id: int
    name: str
    contact_id: int


class Directory:
    """Contacts, groups, voicemail boxes, audio prompts and VoIP endpoints."""

    def __init__(self, rng: Random, begin: int, kept: int) -> None:
        self._rng = rng
        self._ids = {name: IdSequence(first, rng) for name, first in _FIRST_IDS.items()}
        self._client_id = rng.randrange(10_000, 99_999)
        self.contacts: Shelf[Contact] = Shelf(kept)
        self.groups: Shelf[Group] = Shelf(kept)
        self.boxes: Shelf[VoicemailBox] = Shelf(kept)
        self.prompts: Shelf[AudioPrompt] = Shelf(kept)
        self.endpoints: Shelf[VoipEndpoint] = Shelf(kept)
        for index in range(_CONTACTS):
            self.add_contact(begin - _AGE + index * _DAY, archived=int(index == _CONTACTS - 1))
        # Those who take and make calls: whoever comes or goes later stays out of it, so that the day stays the same.
        self.staff = tuple(contact for contact in reversed(list(self.contacts.newest_first())) if not contact.archived)
        for name in _GROUPS:
            self.add_group(begin - _AGE, name)
        self.mailboxes = {contact.contact_id: self.add_box(begin - _AGE, contact) for contact in self.staff[::2]}
        for name in _PROMPTS:
            self.add_prompt(name)
        for contact in self.staff[::3]:
            self.add_endpoint(contact)

    def add_contact(self, created: int, *, archived: int = 0) -> Contact:
        number = subscriber(self._rng)
        contact = Contact(
            contact_id=self._ids["contact"].next(),
            first_name=self._rng.choice(_FIRST),
            last_name=self._rng.choice(_LAST),
            number=written(self._rng, number),
            caller_id="+370" + number,
            created=created,
            archived=archived,
        )
        self.contacts.put(contact.contact_id, contact)
        return contact

    def add_group(self, created: int, name: str = "Project") -> Group:
        members = tuple(sorted(contact.contact_id for contact in self._rng.sample(self.staff, k=4)))
        group = Group(self._ids["group"].next(), name, self._rng.randint(0, 2), created, members)
        self.groups.put(group.group_id, group)
        return group

    def add_box(self, created: int, contact: Contact | None = None) -> VoicemailBox:
        owner = contact or self._rng.choice(self.staff)
        box_id = self._ids["box"].next()
        box = VoicemailBox(box_id, f"{owner.name} voicemail box", self._client_id, created, owner.contact_id)
        self.boxes.put(box_id, box)
        return box

    def add_prompt(self, name: str = "Announcement") -> AudioPrompt:
        prompt = AudioPrompt(self._ids["prompt"].next(), name, self._rng.randint(1, 3))
        self.prompts.put(prompt.prompt_id, prompt)
        return prompt

    def add_endpoint(self, contact: Contact | None = None) -> VoipEndpoint:
        owner = contact or self._rng.choice(self.staff)
        endpoint = VoipEndpoint(self._ids["endpoint"].next(), f"Desk phone {owner.last_name}", owner.contact_id)
        self.endpoints.put(endpoint.endpoint_id, endpoint)
        return endpoint


# The vendor's samples show contacts and boxes with three digits; an installation's own things are few.
_FIRST_IDS = {"contact": 220, "group": 30, "box": 223, "prompt": 10, "endpoint": 500}

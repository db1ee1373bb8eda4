"""The request that sets the passwords of SCRAM users (KIP-554), which the client library does not know."""

import hashlib
import os
from collections.abc import Mapping

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

ITERATIONS = 4096
# The least that a broker takes.
MECHANISMS = {"sha256": 1, "sha512": 2}
# Kafka's numbers for the mechanisms, by the hash that they use.

_TEXT = CompactString("utf-8")


class _Answer(Response):  # type: ignore[misc]  # the library publishes no types
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(("user", _TEXT), ("error_code", Int16), ("error_message", _TEXT), ("tags", TaggedFields)),
        ),
        ("tags", TaggedFields),
    )


class _Struct(RequestStruct):  # type: ignore[misc]  # the library publishes no types
    FLEXIBLE_VERSION = True
    API_KEY = 51
    API_VERSION = 0
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        ("deletions", CompactArray(("name", _TEXT), ("mechanism", Int8), ("tags", TaggedFields))),
        (
            "upsertions",
            CompactArray(
                ("name", _TEXT),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _AlterUserScramCredentials(Request[_Struct]):  # type: ignore[misc]  # same
    API_KEY = 51

    def __init__(self, passwords: Mapping[str, str], digest: str) -> None:
        self._passwords = passwords
        self._digest = digest

    def build(self, request_struct_class: type[_Struct]) -> _Struct:
        upsertions: list[tuple[object, ...]] = []
        for user, password in self._passwords.items():
            salt = os.urandom(16)
            salted = hashlib.pbkdf2_hmac(self._digest, password.encode(), salt, ITERATIONS)
            upsertions.append((user, MECHANISMS[self._digest], ITERATIONS, salt, salted, {}))
        return request_struct_class([], upsertions, {})


async def set_scram_passwords(bootstrap: str, passwords: Mapping[str, str]) -> None:
    """Set the passwords by user, for SCRAM-SHA-256 and -512; a user that is not there is created."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        for digest in MECHANISMS:  # a broker takes a user once per request
            answer = await admin._send_request(_AlterUserScramCredentials(passwords, digest))
            assert {result[1] for result in answer.results} == {0}, answer
    finally:
        await admin.close()

"""What a token endpoint's answers mean, and what a token tells about itself."""

import json

import pytest

from bridge.kafka.oauth_token import UNKNOWN_LIFE_S, NoToken, Token, checked_token, claims, read_answer

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ3b3JrZXIifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("fields", "life_s"),
    [
        ({"expires_in": 3600}, 3600.0),
        ({"expires_in": 1.5}, 1.5),
        ({"expires_in": "300"}, 300.0),
        ({"expires_in": -1}, 0.0),
        ({}, UNKNOWN_LIFE_S),
        ({"expires_in": "soon"}, UNKNOWN_LIFE_S),
        ({"expires_in": None}, UNKNOWN_LIFE_S),
        ({"expires_in": True}, UNKNOWN_LIFE_S),
    ],
)
def test_an_answer_gives_a_token_and_its_life(fields: dict[str, object], life_s: float) -> None:
    """Seconds come as a number or as text; a life that nobody tells is taken for short."""
    body = json.dumps({"access_token": TOKEN, "token_type": "Bearer", **fields}).encode()
    assert read_answer(200, body) == Token(TOKEN, life_s)


@pytest.mark.parametrize(
    ("status", "body", "predicate"),
    [
        (
            401,
            '{"error": "invalid_client", "error_description": "not s3cret"}',
            "answered 401 invalid_client: see kafka.sasl_oauth_client_id and its secret",
        ),
        (400, '{"error": "invalid_scope"}', "answered 400 invalid_scope: see kafka.sasl_oauth_scope"),
        (400, '{"error": "slow_down"}', "answered 400 slow_down"),
        (400, '{"error": "no s3cret!"}', "answered 400"),
        (400, '["s3cret"]', "answered 400"),
        (503, "<h1>s3cret</h1>", "answered 503"),
        (302, "", "answered 302"),
        (200, "", "answered without an access_token"),
        (200, '{"token": "s3cret"}', "answered without an access_token"),
        (200, '{"access_token": 1}', "answered without an access_token"),
        (200, '{"access_token": "s3cret and more"}', "answered with an access_token that no broker can read"),
        (200, '{"access_token": ""}', "answered with an access_token that no broker can read"),
    ],
)
def test_an_answer_without_a_token_says_why(status: int, body: str, predicate: str) -> None:
    """The status, and a code where it is one; never a description, which may quote anything."""
    with pytest.raises(NoToken) as raised:
        read_answer(status, body.encode())
    assert str(raised.value) == predicate


@pytest.mark.parametrize("value", ["two words", "a\x01b", "ä", "", "=a"])
def test_what_no_broker_could_read_is_no_token(value: str) -> None:
    """A control character would end the line in which the token goes to the brokers."""
    with pytest.raises(NoToken, match="holds no token"):
        checked_token(value)


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ("eyJzdWIiOiJ3b3JrZXIiLCJhdWQiOlsia2Fma2EiXSwiZXhwIjoxNzAwMDAwMDAwfQ", None),
        ("eyJleHAiOiJuZXZlciJ9", ""),
        ("eyJleHAiOjFlMzAwfQ", ""),
        ("W10", ""),
        ("----", ""),
    ],
)
def test_a_jwt_tells_whom_it_is_for(payload: str, told: str | None) -> None:
    """Subject, audience and end are no secrets, and mostly what is wrong with a token."""
    whole = 'sub "worker", aud ["kafka"], expires 2023-11-14T22:13:20Z'
    assert claims(f"head.{payload}.signature") == (whole if told is None else told)


def test_another_token_tells_nothing() -> None:
    """A token may be of any form."""
    assert claims("opaque") == ""


def test_a_token_does_not_show() -> None:
    """It may end up in a log line or a traceback."""
    assert TOKEN not in repr(Token(TOKEN, 1.0))

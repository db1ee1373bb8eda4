"""Signed access tokens (JWT) for OAUTHBEARER, and the file with the public key that the broker checks them with."""

import base64
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ISSUER = "https://issuer.test"
AUDIENCE = "kafka"
KEY_ID = "the-key"


@dataclass(frozen=True)
class TokenIssuer:
    """An RSA key; `jwks` is the file for `sasl.oauthbearer.jwks.endpoint.url`."""

    key: Path
    jwks: Path

    @classmethod
    def make(cls, folder: Path) -> Self:
        """Make one in the folder."""
        made = cls(folder / "tokens.key", folder / "jwks.json")
        _openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", made.key)
        modulus = _openssl("rsa", "-in", made.key, "-noout", "-modulus").decode().strip().removeprefix("Modulus=")
        key = {"kty": "RSA", "kid": KEY_ID, "use": "sig", "alg": "RS256", "n": _base64(bytes.fromhex(modulus))}
        made.jwks.write_text(json.dumps({"keys": [{**key, "e": _base64((65537).to_bytes(3, "big"))}]}))
        return made

    def token(self, subject: str, *, issued: float, lifetime: float = 3600.0, audience: str = AUDIENCE) -> str:
        """Sign a token for a principal; `issued` is in seconds since 1970, `lifetime` in seconds."""
        head = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}
        claims = {
            "iss": ISSUER,
            "aud": audience,
            "sub": subject,
            "iat": int(issued),
            "exp": int(issued + lifetime),
            "scope": "kafka",
        }
        signed = f"{_base64(json.dumps(head).encode())}.{_base64(json.dumps(claims).encode())}"
        signature = _openssl("dgst", "-sha256", "-sign", self.key, given=signed.encode())
        return f"{signed}.{_base64(signature)}"


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _openssl(*words: str | Path, given: bytes | None = None) -> bytes:
    return subprocess.run(["openssl", *words], input=given, check=True, capture_output=True).stdout

"""Certificate authorities and certificates of a test, made by the `openssl` command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
# Elliptic: a key takes a millisecond.

ON_THIS_MACHINE = "IP:127.0.0.1,DNS:localhost"


@dataclass(frozen=True)
class Certificate:
    """A certificate and its private key as PEM files; `both` holds the two, as Kafka's `keystore` wants them."""

    cert: Path
    key: Path

    @property
    def both(self) -> Path:
        return self.cert.with_suffix(".both.pem")


@dataclass(frozen=True)
class Authority:
    """A certificate authority; `cert` is what those who trust it are given."""

    cert: Path
    key: Path

    @classmethod
    def make(cls, folder: Path, name: str) -> Self:
        """Make one in the folder."""
        made = cls(folder / f"{name}.crt", folder / f"{name}.key")
        _openssl("req", "-x509", "-new", *_KEY, "-keyout", made.key, "-out", made.cert, "-subj", f"/CN={name}")
        return made

    def issue(self, name: str, *, subject: str, hosts: str = ON_THIS_MACHINE, days: int = 2) -> Certificate:
        """Issue a certificate beside our own; with 0 days it has expired by the next second."""
        folder = self.cert.parent
        made = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
        request = folder / f"{name}.csr"
        names = ("-subj", f"/CN={subject}", "-addext", f"subjectAltName={hosts}")
        _openssl("req", "-new", *_KEY, "-keyout", made.key, "-out", request, *names)
        signed = ("-CA", self.cert, "-CAkey", self.key, "-days", str(days), "-copy_extensions", "copy")
        _openssl("x509", "-req", "-in", request, *signed, "-out", made.cert)
        made.both.write_text(made.key.read_text() + made.cert.read_text())
        return made


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)

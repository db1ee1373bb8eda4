"""Certificates and keys for Kafka are tried before anything starts, and nothing ever waits for a password."""

import ssl
from pathlib import Path

import pytest

from bridge.ops.settings import Role, SettingsError, load_settings, tls_context
from bridge.ops.settings.problems import quoted

CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBgTCCASegAwIBAgIUNMmnFLASifDDaOWkq74AMqjKExEwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKa2Fma2EudGVzdDAgFw0yNjExMjMwNjM2NDVaGA8yMTI2MTAz
MDA2MzY0NVowFTETMBEGA1UEAwwKa2Fma2EudGVzdDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABNhTAzkMvTt83PQ5lCh2ehYuwAW1GJOB7n7mFC7U8Wb0/aJEJjc0
ceZhOdOFWjoKV4mplxEwHBisqSgt/ZAFeaWjUzBRMB0GA1UdDgQWBBTGwp2z5rDV
524KoXH+4lprvtqobDAfBgNVHSMEGDAWgBTGwp2z5rDV524KoXH+4lprvtqobDAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIGVfMseLlMm+8nxQ1ppj
NsjdzwbjSDUqnDN0jPEW18QmAiEA8z3W0n1sBIhbEztm/ObiJrseoCl1tVaSfJZD
nXWj5eg=
-----END CERTIFICATE-----
"""
ENCRYPTED_KEY = """\
-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-256-CBC,2E0C49390DDE9BE6EF0AA932A82F7270

ychyjROrR9aIHEZluQhJS4270mdhYa/CEaYlqDR5C4BH0Q2jysSaV1AdOYF5DQJG
g9nUfTs9hPbt3kEkCbpOu+WXsRoK/lYIWjkrPrjkuA3+Es1Ui4l8QiACtph/jRb6
9SkQrCotIy3JwNLClm6u9nN2OqrKpss2G45UftZht60=
-----END EC PRIVATE KEY-----
"""
PASSWORD = "opensesame"
"""The key was made for these tests and opens nothing."""

NO_PAIR = "is no certificate in PEM with a private key that belongs to it and opens with the password given"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cert.pem").write_text(CERTIFICATE)
    (tmp_path / "key.pem").write_text(ENCRYPTED_KEY)
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    (tmp_path / "nonsense.pem").write_text("nonsense")
    return tmp_path


def variables(folder: Path, **keys: str) -> dict[str, str]:
    files = {f"BRIDGE_KAFKA__{key.upper()}": value.replace("@", f"{folder}/") for key, value in keys.items()}
    return {"BRIDGE_KAFKA__BOOTSTRAP_SERVERS": "a:1", "BRIDGE_KAFKA__SECURITY_PROTOCOL": "SSL"} | files


def test_a_client_certificate_with_an_encrypted_key(folder: Path) -> None:
    """A whole set of files gives a context that checks the brokers' names, unless told otherwise."""
    keys = {
        "ssl_ca_file": "@cert.pem",
        "ssl_cert_file": "@cert.pem",
        "ssl_key_file": "@key.pem",
        "ssl_key_password_file": "@password",
    }
    settings = load_settings(None, variables(folder, **keys), Role.TOOL)
    context = tls_context(settings.kafka)
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert [one["serialNumber"] for one in context.get_ca_certs()] != []
    settings = load_settings(None, variables(folder, ssl_check_hostname="false", **keys), Role.TOOL)
    context = tls_context(settings.kafka)
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, False)


def test_the_systems_authorities_are_not_read_in_vain(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They take 40 ms, and a running service makes its context anew when a file changes."""

    def read_them() -> ssl.SSLContext:
        raise AssertionError

    monkeypatch.setattr(ssl, "create_default_context", read_them)
    settings = load_settings(None, variables(folder, ssl_ca_file="@cert.pem"), Role.TOOL)
    context = tls_context(settings.kafka)
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_without_tls_there_is_no_context() -> None:
    """PLAINTEXT has no context."""
    settings = load_settings(None, {"BRIDGE_KAFKA__BOOTSTRAP_SERVERS": "a:1"}, Role.TOOL)
    assert tls_context(settings.kafka) is None


@pytest.mark.parametrize(
    ("keys", "key", "fault"),
    [
        ({"ssl_ca_file": "@nonsense.pem"}, "ssl_ca_file", "holds no certificates in PEM"),
        ({"ssl_ca_file": "@."}, "ssl_ca_file", "cannot be read (Is a directory)"),
        ({"ssl_cert_file": "@nonsense.pem"}, "ssl_cert_file", NO_PAIR),
        ({"ssl_cert_file": "@cert.pem"}, "ssl_cert_file", NO_PAIR),
        ({"ssl_cert_file": "@cert.pem", "ssl_key_file": "@key.pem"}, "ssl_cert_file", NO_PAIR),
        (
            {"ssl_cert_file": "@cert.pem", "ssl_key_file": "@key.pem", "ssl_key_password": "wrong"},
            "ssl_cert_file",
            NO_PAIR,
        ),
        (
            {"ssl_cert_file": "@cert.pem", "ssl_key_file": "@key.pem", "ssl_key_password": "x" * 1025},
            "ssl_cert_file",
            NO_PAIR,
        ),
        ({"ssl_cert_file": "@cert.pem", "ssl_key_file": "@no.pem"}, "ssl_key_file", "does not exist"),
        (
            {"ssl_cert_file": "@cert.pem", "ssl_key_file": "@key.pem", "ssl_key_password_file": "@no"},
            "ssl_key_password_file",
            "does not exist",
        ),
    ],
)
def test_files_that_cannot_be_used(folder: Path, keys: dict[str, str], key: str, fault: str) -> None:
    """A file that is missing, no PEM, or of another pair is named; a missing password does not ask on the terminal."""
    with pytest.raises(SettingsError) as raised:
        load_settings(None, variables(folder, **keys), Role.TOOL)
    path = quoted(str(Path(keys[key].replace("@", f"{folder}/"))))
    assert [problem.replace("/.", "") for problem in raised.value.problems] == [
        f"kafka.{key} is {path}, which {fault}."
    ]

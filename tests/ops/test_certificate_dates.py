"""The end of a certificate's validity is read from its file."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.ops.settings.certificate_dates import expiry_ms
from tests.kafka.secured_certificates import Authority
from tests.ops.test_settings_tls import CERTIFICATE


def test_the_end_of_a_long_validity_is_read() -> None:
    """A date beyond 2049 is written with four digits for the year."""
    assert expiry_ms(CERTIFICATE) == datetime(2126, 10, 30, 6, 36, 45, tzinfo=UTC).timestamp() * 1000


def test_the_end_of_a_chain_s_first_certificate_counts(tmp_path: Path) -> None:
    """A file may hold a key and a whole chain: the first certificate is ours; its year has two digits."""
    authority = Authority.make(tmp_path, "authority")
    ours = authority.issue("ours", subject="ours", days=2)
    chain = ours.both.read_text() + authority.cert.read_text()
    end = expiry_ms(chain)
    assert end is not None
    assert end == expiry_ms(ours.cert.read_text()) != expiry_ms(authority.cert.read_text())
    assert 1 <= (datetime.fromtimestamp(end / 1000, UTC) - datetime.now(UTC)).days <= 2  # noqa: TID251 - openssl made it now


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n",
        CERTIFICATE.replace("MIIBgTCCASeg", "MIIBgTCCASec"),
        CERTIFICATE.replace("MDA2MzY0NVow", "MDA2MzYxMjow"),
    ],
)
def test_what_is_no_certificate_has_no_end(text: str) -> None:
    """Whatever cannot be read gives nothing, since the date only serves a sentence."""
    assert expiry_ms(text) is None

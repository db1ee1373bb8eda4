"""The TLS context follows its files, and keeps the last good one where they cannot be used."""

import os
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bridge.ops.settings import KafkaSettings
from bridge.ops.settings.tls_files import TlsFiles
from tests.kafka.secured_certificates import Authority, Certificate

Names = list[str]


def mounted(folder: Path, authority: Authority, certificate: Certificate) -> None:
    """Replace the three files as Kubernetes does: a link to their folder is swapped."""
    new = folder / f"..{len(list(folder.iterdir()))}"
    new.mkdir()
    for name, source in (("ca.crt", authority.cert), ("user.crt", certificate.cert), ("user.key", certificate.key)):
        (new / name).write_bytes(source.read_bytes())
    (folder / "..swap").symlink_to(new)
    (folder / "..swap").rename(folder / "..data")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("made", "mounted"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def authorities(folder: Path) -> Callable[[str], tuple[Authority, Certificate]]:
    def make(name: str) -> tuple[Authority, Certificate]:
        authority = Authority.make(folder / "made", name)
        return authority, authority.issue(f"{name}-user", subject="user")

    return make


def files(folder: Path) -> TlsFiles:
    data = folder / "mounted" / "..data"
    return TlsFiles(
        KafkaSettings.model_validate(
            {
                "bootstrap_servers": "a:1",
                "security_protocol": "SSL",
                "ssl_ca_file": str(data / "ca.crt"),
                "ssl_cert_file": str(data / "user.crt"),
                "ssl_key_file": str(data / "user.key"),
            }
        )
    )


def trusted(context: ssl.SSLContext | None) -> Names:
    assert context is not None
    # A name is a series of sets of pairs; here it is one pair, the common name.
    return [one["subject"][0][0][1] for one in context.get_ca_certs()]


Make = Callable[[str], tuple[Authority, Certificate]]


def test_files_that_stay_give_no_new_context(folder: Path, authorities: Make) -> None:
    """Looking again costs nobody a connection: nothing is new until the content is."""
    authority, certificate = authorities("first")
    mounted(folder / "mounted", authority, certificate)
    watched = files(folder)
    context = watched.context
    with capture_logs() as logs:
        assert [watched.refresh() for _ in range(3)] == [False] * 3
        mounted(folder / "mounted", authority, certificate)
        assert [watched.refresh() for _ in range(3)] == [False] * 3
    assert (watched.context, logs) == (context, [])


def test_renewed_files_give_a_new_context_that_forgets_the_old_authority(folder: Path, authorities: Make) -> None:
    """Once an authority is replaced it is not trusted any more; the new certificate's end is known."""
    mounted(folder / "mounted", *authorities("first"))
    watched = files(folder)
    assert trusted(watched.context) == ["first"]
    first_ends = watched.expires_ms
    authority, _ = authorities("second")
    mounted(folder / "mounted", authority, authority.issue("later", subject="user", days=9))
    with capture_logs() as logs:
        assert [watched.refresh() for _ in range(3)] == [True, False, False]
    assert trusted(watched.context) == ["second"]
    assert first_ends is not None
    assert watched.expires_ms is not None
    assert round((watched.expires_ms - first_ends) / 86_400_000) == 7
    assert [line["event"] for line in logs] == ["tls_files_changed"]


def test_a_file_that_is_written_twice_in_one_tick_is_read_twice(folder: Path, authorities: Make) -> None:
    """A second change within the file system's clock looks like none: each new state is read once more."""
    mounted(folder / "mounted", *authorities("first"))
    watched = files(folder)
    mounted(folder / "mounted", *authorities("second"))
    assert watched.refresh()
    authority = folder / "mounted" / "..data" / "ca.crt"
    status, content = authority.stat(), authority.read_bytes()
    authority.write_bytes(content[:-1] + b" ")
    os.utime(authority, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert watched.refresh()


def test_a_key_that_comes_later_than_its_certificate_disturbs_nobody(folder: Path, authorities: Make) -> None:
    """Between two files of one change nothing is said, and the context in force stays."""
    mounted(folder / "mounted", *authorities("first"))
    watched = files(folder)
    context = watched.context
    _, certificate = authorities("second")
    data = folder / "mounted" / "..data"
    with capture_logs() as logs:
        (data / "user.crt").write_bytes(certificate.cert.read_bytes())
        assert not watched.refresh()
        assert watched.context is context
        (data / "user.key").write_bytes(certificate.key.read_bytes())
        assert watched.refresh()
    assert [line["event"] for line in logs] == ["tls_files_changed"]


def test_unusable_files_leave_the_last_good_context_and_one_line(folder: Path, authorities: Make) -> None:
    """It is said once that the files cannot be used, without what is in them, and once that they can be."""
    mounted(folder / "mounted", *authorities("first"))
    watched = files(folder)
    context = watched.context
    certificate = folder / "mounted" / "..data" / "user.crt"
    whole = certificate.read_bytes()
    certificate.unlink()
    with capture_logs() as logs:
        assert [watched.refresh() for _ in range(4)] == [False] * 4
        assert watched.context is context
        certificate.write_bytes(whole)
        assert [watched.refresh() for _ in range(3)] == [False] * 3
    assert [(line["event"], line.get("reason")) for line in logs] == [
        ("tls_files_unusable", "kafka.ssl_cert_file does not exist"),
        ("tls_files_usable_again", None),
    ]


def test_without_tls_there_is_nothing_to_watch() -> None:
    """PLAINTEXT has neither context nor files."""
    watched = TlsFiles(KafkaSettings.model_validate({"bootstrap_servers": "a:1"}))
    assert (watched.context, watched.expires_ms, watched.refresh()) == (None, None, False)

"""Secret files: what is read, when it is read again, and what a file gone wrong means."""

import copy
import os
import pickle
import timeit
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bridge.ops.secret_files import (
    AbsentSecretError,
    FixedSecret,
    NoSecret,
    OptionalSecretFile,
    OptionalSecretSource,
    Secret,
    SecretFile,
    SecretFileError,
    read_secret_file,
)

GOOD = b"first-secret"


def fault(value: bytes) -> str | None:
    return "is too short" if len(value) < 8 else None


def changed(file: Path, content: bytes) -> None:
    """Write the file, with a time of modification that differs, as it does when more than a tick lies between."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_bytes(content)
    os.utime(file, ns=(before + 1_000_000_000, before + 1_000_000_000))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_bytes(GOOD)
    return path


def test_a_secret_never_shows_itself() -> None:
    """No representation and no pickle of a secret holds it; a copy is the secret itself."""
    secret = Secret(GOOD)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r}", repr([secret])]
    assert [text for text in shown if "first" in text] == []
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert copy.deepcopy([secret])[0] is copy.copy(secret) is secret
    assert secret.reveal() == GOOD
    assert secret == Secret(GOOD) != Secret(b"other")
    assert len({secret, Secret(GOOD)}) == 1


def test_white_space_around_is_dropped(file: Path) -> None:
    """Editors end a file with a new line, which is no part of the secret; white space inside is."""
    file.write_bytes(b" \t two words\r\n")
    assert read_secret_file(file) == b"two words"


def test_files_that_are_no_secret(tmp_path: Path, file: Path) -> None:
    """A missing, empty, too large or special file is refused with a predicate; none of them hangs."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * 65_537)
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    expected = {
        "pipe": "is no regular file",
        "large": "is larger than 64 KiB",
        "empty": "is empty",
        "missing": "does not exist",
        ".": "is a folder",
        "secret/below": "cannot be read (Not a directory)",
        "loop": "cannot be read (Too many levels of symbolic links)",
    }
    for name, reason in expected.items():
        with pytest.raises(SecretFileError) as raised:
            read_secret_file(tmp_path / name)
        assert (name, str(raised.value)) == (name, reason)
        assert isinstance(raised.value, AbsentSecretError) == (name in {"empty", "missing"})
    with pytest.raises(SecretFileError, match="is too short"):
        SecretFile(file, lambda _: "is too short")


def test_a_changed_file_is_read_at_the_next_look(file: Path) -> None:
    """`refresh` says whether the secret is another one; the change is logged without the secret."""
    source = SecretFile(file, fault)
    assert [source.refresh(), source.refresh()] == [False, False]
    changed(file, b"second-secret\n")
    with capture_logs() as logs:
        assert source.refresh() is True
        assert source.refresh() is False
    assert source.current() == b"second-secret"
    assert logs == [{"event": "secret_file_changed", "log_level": "info", "path": str(file)}]


def test_a_file_that_says_the_same_anew_is_no_change(file: Path) -> None:
    """A file written again with the same secret changes nothing and logs nothing."""
    source = SecretFile(file, fault)
    changed(file, GOOD + b"\n")
    with capture_logs() as logs:
        assert source.refresh() is False
    assert logs == []


def test_a_second_write_within_one_tick_is_seen(file: Path) -> None:
    """A change that leaves time and size as they were is still seen: each new state is read twice."""
    source = SecretFile(file, fault)
    for content in (b"other-secret", b"third-secret"):
        status = file.stat()
        file.write_bytes(content)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert source.refresh() is True
        assert source.current() == content
        changed(file, content)
        assert source.refresh() is False


def test_a_settled_file_is_not_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing changes, a look costs one stat and opens nothing."""
    source = SecretFile(file, fault)
    source.refresh()
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("the file was opened"))
    assert source.refresh() is False


def test_a_swapped_folder_is_a_change(tmp_path: Path) -> None:
    """Kubernetes swaps a link to a folder: files of one time and one size are other files then, too."""
    for name, content in (("v1", GOOD), ("v2", b"other-secret")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "secret").write_bytes(content)
        os.utime(tmp_path / name / "secret", ns=(1, 1))
    (tmp_path / "data").symlink_to("v1")
    (tmp_path / "secret").symlink_to("data/secret")
    source = SecretFile(tmp_path / "secret", fault)
    source.refresh()
    (tmp_path / "new").symlink_to("v2")
    (tmp_path / "new").rename(tmp_path / "data")
    assert source.refresh() is True
    assert source.current() == b"other-secret"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"short", b"x" * 65_537])
@pytest.mark.parametrize("kind", [SecretFile, OptionalSecretFile])
def test_a_required_secret_outlives_its_file(
    file: Path, kind: type[SecretFile] | type[OptionalSecretFile], content: bytes | None
) -> None:
    """An unusable file keeps the last good value, is logged once, and once more when it is good again.

    For an optional secret a missing or empty file is no fault, but means that there is none.
    """
    source = kind(file, fault)
    if content is None:
        file.unlink()
    else:
        changed(file, content)
    gone = kind is OptionalSecretFile and (content is None or not content.strip())
    with capture_logs() as logs:
        assert [source.refresh() for _ in range(3)] == [gone, False, False]
        assert source.current() == (None if gone else GOOD)
        changed(file, b"third-secret")
        assert [source.refresh() for _ in range(3)] == [True, False, False]
    assert source.current() == b"third-secret"
    events = [entry["event"] for entry in logs]
    if gone:
        assert events == ["secret_file_gone", "secret_file_changed"]
    else:
        assert events == ["secret_file_unusable", "secret_file_usable_again", "secret_file_changed"]
        assert all("secret" not in str(entry.get("reason")) for entry in logs)


def test_an_optional_secret_may_come_later(tmp_path: Path) -> None:
    """A previous secret that appears while the bridge runs is taken."""
    source = OptionalSecretFile(tmp_path / "previous", fault)
    assert source.current() is None
    assert source.refresh() is False
    (tmp_path / "previous").write_bytes(GOOD)
    assert source.refresh() is True
    assert source.current() == GOOD


def test_secrets_that_cannot_change() -> None:
    """An inline secret, and one that is not configured, are sources like the others."""
    assert (FixedSecret(Secret(GOOD)).current(), FixedSecret(Secret(GOOD)).refresh()) == (GOOD, False)
    none: OptionalSecretSource = NoSecret()
    assert (none.current(), none.refresh()) == (None, False)


def test_the_current_secret_costs_next_to_nothing(file: Path) -> None:
    """The ingress asks at every request: well under a microsecond, the best of several runs."""
    source = SecretFile(file, fault)
    assert min(timeit.repeat(source.current, number=10_000, repeat=5)) / 10_000 < 1e-6

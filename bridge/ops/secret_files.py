"""Secrets, given inline or as a file that may change while the bridge runs.

The ingress asks for the current secret at every request, so `current()` only reads an attribute. A background task
calls `refresh()` about once a second: one `stat` while nothing changes. Kubernetes swaps a symbolic link above the
mounted file, hence the `stat` follows links and compares device, inode, time and size.

A required secret whose file vanishes or becomes unusable keeps its last good value: a rotation gone wrong must not
stop the webhooks. That is logged once, and once more when the file is good again. An optional one (the previous
webhook secret) ends with its file.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, NamedTuple, NoReturn, Protocol, TypeVar

import structlog
from typing_extensions import override

LONGEST: Final = 65_536
"""Bytes. No key is this long: a larger file was given by mistake, and is not worth reading into memory."""

_log = structlog.get_logger(__name__)

T = TypeVar("T")


class Secret:
    """A secret value. No `repr`, `str` or format shows it, and it cannot be pickled; `reveal()` is the only way out."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        return self._value

    @override
    def __repr__(self) -> str:
        return "Secret('**********')"

    @override
    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Secret":
        return self

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    @override
    def __hash__(self) -> int:
        return hash(self._value)


class SecretFileError(Exception):
    """A secret file that cannot be used. The text is a predicate such as "does not exist", without path and content."""


class AbsentSecretError(SecretFileError):
    """The file does not exist or is empty: for an optional secret this is no error."""


class FileIdentity(NamedTuple):
    """What changes when a file's content does: device, inode, modification time in nanoseconds, size in bytes."""

    device: int
    inode: int
    modified_ns: int
    size: int


def read_secret_file(path: Path) -> bytes:
    """Return the secret in the file, without the white space around it; raise SecretFileError."""
    return _read(path)[0]


class SecretSource(Protocol):
    """A secret that is always there."""

    def current(self) -> bytes:
        """Return the secret that counts now, at the cost of an attribute read."""

    def refresh(self) -> bool:
        """Look at the file again; return whether the secret is another one now. A file gone wrong does not raise."""


class OptionalSecretSource(Protocol):
    """A secret that may be absent, now or later."""

    def current(self) -> bytes | None:
        """Return the secret that counts now, or None, at the cost of an attribute read."""

    def refresh(self) -> bool:
        """Look at the file again; return whether the secret is another one now. A file gone wrong does not raise."""


class FixedSecret:
    """A secret that the configuration holds itself."""

    __slots__ = ("_value",)

    def __init__(self, secret: Secret) -> None:
        self._value = secret.reveal()

    def current(self) -> bytes:
        return self._value

    def refresh(self) -> bool:
        return False


class NoSecret:
    """An optional secret that is not configured."""

    __slots__ = ()

    def current(self) -> None:
        return None

    def refresh(self) -> bool:
        return False


class _WatchedFile(Generic[T]):
    """A value read from a file, and read again when the file is another one."""

    __slots__ = ("_failing", "_fault", "_path", "_seen", "_settled", "_value")

    def __init__(self, path: Path, fault: Callable[[bytes], str | None]) -> None:
        """Read the file; `fault` says what is wrong with a value ("is too short"), or None. Raise SecretFileError."""
        self._path = path
        self._fault = fault
        self._failing = False
        # A file written twice within one tick of the file system's clock looks unchanged: each new state is read twice.
        self._settled = False
        self._value, self._seen = self._look()

    def current(self) -> T:
        return self._value

    def refresh(self) -> bool:
        if self._settled and file_identity(self._path) == self._seen:
            return False
        try:
            value, seen = self._look()
        except SecretFileError as error:
            self._settled = False
            if not self._failing:
                self._failing = True
                _log.warning(
                    "secret_file_unusable", path=str(self._path), reason=str(error), in_use="the last good value"
                )
            return False
        self._settled = seen == self._seen
        self._seen = seen
        if self._failing:
            self._failing = False
            _log.info("secret_file_usable_again", path=str(self._path))
        if value == self._value:
            return False
        self._value = value
        _log.info("secret_file_changed" if value else "secret_file_gone", path=str(self._path))
        return True

    def _look(self) -> tuple[T, FileIdentity | None]:
        raise NotImplementedError

    def _checked(self) -> tuple[bytes, FileIdentity]:
        value, seen = _read(self._path)
        if wrong := self._fault(value):
            raise SecretFileError(wrong)
        return value, seen


class SecretFile(_WatchedFile[bytes]):
    """A required secret in a file."""

    __slots__ = ()

    @override
    def _look(self) -> tuple[bytes, FileIdentity]:
        return self._checked()


class OptionalSecretFile(_WatchedFile[bytes | None]):
    """An optional secret in a file: a missing or empty file means that there is none, now or from now on."""

    __slots__ = ()

    @override
    def _look(self) -> tuple[bytes | None, FileIdentity | None]:
        try:
            return self._checked()
        except AbsentSecretError:
            return None, file_identity(self._path)


def file_identity(path: Path) -> FileIdentity | None:
    """Return what tells a state of the file from the next one, by one `stat`; None where there is no such file."""
    try:
        return _identity(path.stat())
    except OSError:
        return None


def _identity(status: os.stat_result) -> FileIdentity:
    return FileIdentity(status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)


def _read(path: Path) -> tuple[bytes, FileIdentity]:
    try:
        # Without O_NONBLOCK a named pipe would hang the process here.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise AbsentSecretError("does not exist") from None
    except OSError as error:
        raise SecretFileError(f"cannot be read ({error.strerror})") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SecretFileError("is a folder" if stat.S_ISDIR(status.st_mode) else "is no regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(LONGEST + 1)
    except OSError as error:
        raise SecretFileError(f"cannot be read ({error.strerror})") from None
    finally:
        os.close(descriptor)
    if len(content) > LONGEST:
        raise SecretFileError(f"is larger than {LONGEST // 1024} KiB")
    if not (value := content.strip()):
        raise AbsentSecretError("is empty")
    return value, _identity(status)

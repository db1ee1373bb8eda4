"""The container of a pod, from within: run as root in new namespaces, it builds the root and becomes the command.

A program by itself, of the standard library alone: `unshare … python -I pod_container.py FILE`, FILE as `Container`
below in JSON. The root is read-only and holds the system's programs, Python, the bridge and what the pod mounts, each
at its own path; nothing else of the host is there. What is printed goes where the container's log goes.
"""

import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc/ssl", "etc/ld.so.cache")
DEVICES = ("null", "zero", "random", "urandom")
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
_ROOT_SIZE = "1m"
# It holds mount points and three small files.


def main() -> None:
    """Become the command of the container."""
    container: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    # In a new namespace of processes, but the host's /proc is still there, which tells the host's number.
    pid = Path("/proc/self").readlink()
    loopback_up()
    socket.sethostname(container["env"]["HOSTNAME"])
    root = Path(container["root"])
    build(root, container)
    if container["read_only_root"]:
        mount("-o", "remount,bind,ro", str(root))
    Path(container["pid_file"]).write_text(str(pid))
    # Until the network is complete.
    sys.stdin.read()
    os.dup2(os.open("/dev/null", os.O_RDONLY), sys.stdin.fileno())
    setpriv = shutil.which("setpriv") or "/usr/bin/setpriv"
    os.chroot(root)
    os.chdir("/")
    os.execve(setpriv, [setpriv, *container["setpriv"], "--", *container["argv"]], container["env"])


def loopback_up() -> None:
    """Let 127.0.0.0/8 work in the new namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sh14x", b"lo", 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, asked))
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def build(root: Path, container: dict[str, Any]) -> None:
    """Put the container's root together: the system, the pod's mounts, then Python and the bridge."""
    mount("-t", "tmpfs", "-o", f"mode=755,size={_ROOT_SIZE}", "root", str(root))
    for name in SYSTEM:
        source = Path("/", name)
        if source.is_symlink():
            (root / name).symlink_to(source.readlink())
        elif source.exists():
            bind(source, root / name)
    for name in DEVICES:
        bind(Path("/dev", name), root / "dev" / name, read_only=False)
    (root / "proc").mkdir()
    mount("-t", "proc", "proc", str(root / "proc"))
    for name, text in container["files"].items():
        target = root / name.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    for wanted in container["mounts"]:
        target = root / wanted["path"].lstrip("/")
        bind(Path(wanted["source"]), target, read_only=wanted["read_only"])
    for path in container["code"]:
        # Last, since a checkout may lie below what a pod mounts, such as /tmp.
        bind(Path(path), root / path.lstrip("/"))


def bind(source: Path, target: Path, *, read_only: bool = True) -> None:
    """Show a file or folder of the host at a place below the root."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    mount("--bind", str(source), str(target))
    if read_only:
        mount("-o", "remount,bind,ro", str(target))


def mount(*arguments: str) -> None:
    """Mount something, as the program of that name does."""
    subprocess.run(["mount", *arguments], check=True)


if __name__ == "__main__":
    main()

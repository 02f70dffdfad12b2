"""The socket file: take its place if nobody lives there, and clear it away afterwards."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# sockaddr_un holds 108 bytes with the ending zero; macOS holds 104.
LONGEST_PATH_BYTES = 103


class SocketTakenError(Exception):
    """The message says who or what is there."""


@contextmanager
def bound_socket(path: Path) -> Iterator[socket.socket]:
    if len(str(path).encode()) > LONGEST_PATH_BYTES:
        raise SocketTakenError(f"Expected a socket path of at most {LONGEST_PATH_BYTES} bytes, got {path}")
    clear_stale_socket(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        # Who may come in is decided by the folder; the worker is often another user than the container's.
        path.chmod(0o666)
        identity = path.stat().st_ino
        try:
            yield listener
        finally:
            # A successor may have taken the place already.
            # One that is shut in may not; its worker clears it away.
            with suppress(FileNotFoundError, PermissionError):
                if path.stat().st_ino == identity:
                    path.unlink()


def clear_stale_socket(path: Path) -> None:
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_socket():
        raise SocketTakenError(f"Expected {path} to be free or a socket, got another kind of file")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        try:
            client.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
        except OSError as error:
            raise SocketTakenError(f"Expected {path} to be free, got {error}") from error
        else:
            raise SocketTakenError(f"Another render server already answers on {path}")

"""Can the render server in this container render? For a container's health check: exits with 0 if so, else says why not
and exits with 1."""

import http.client
import json
import os
import socket
import sys

ANSWER_SECONDS = 5


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("render", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_SECONDS)
        self.sock.connect(self._path)


def main() -> int:
    path = os.environ["RENDER_SOCKET"]
    try:
        connection = UnixConnection(path)
        connection.request("GET", "/health")
        health = json.load(connection.getresponse())
    except OSError as error:
        print(f"No render server answers on {path}: {error}.")
        return 1
    problem = health["lastError"]
    print(f"{health['state']}{': ' if problem else ''}{problem['message'] if problem else ''}")
    return 0 if health["state"] in {"ready", "busy"} else 1


if __name__ == "__main__":
    sys.exit(main())

"""A server that does as little as one can: it counts bytes, and answers each request with the same few.

Every request of a run is the same, so their length is all that there is to know. One process for each worker,
on one socket; nothing is parsed, nothing is logged, and whoever does not take its answers is dropped. What a
generator reaches here is what it can reach at all (`engine.ceiling`).
"""

from __future__ import annotations

import os
import select
import socket
import sys
from typing import Final

ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
BACKLOG: Final = 4096
MOST_BYTES: Final = 1 << 16


def serve(listening: socket.socket, request_bytes: int, until: int) -> None:
    """Answer until a file descriptor can be read or is closed at its other end.

    Args:
        listening: A socket that listens and does not block; other processes may have it too.
        request_bytes: Length of each request.
        until: The file descriptor.
    """
    poll = select.epoll()
    poll.register(until, select.EPOLLIN)
    poll.register(listening, select.EPOLLIN | select.EPOLLEXCLUSIVE)  # one of the processes wakes, not all
    connections: dict[int, socket.socket] = {}
    pending: dict[int, int] = {}
    while True:
        for fd, _ in poll.poll():
            connection = connections.get(fd)
            if connection is None:
                if fd == until:
                    return
                for accepted in _accepted(listening):
                    connections[accepted.fileno()], pending[accepted.fileno()] = accepted, 0
                    poll.register(accepted, select.EPOLLIN)
                continue
            try:
                got = len(connection.recv(MOST_BYTES))
                whole, pending[fd] = divmod(pending[fd] + got, request_bytes)
                if whole:
                    connection.sendall(ANSWER * whole)
            except OSError:
                got = 0
            if not got:
                poll.unregister(fd)
                connections.pop(fd).close()


def _accepted(listening: socket.socket) -> list[socket.socket]:
    """Return the connections that are there."""
    found: list[socket.socket] = []
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:  # none is left, or another process had it
            return found
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        found.append(connection)


def main(request_bytes: int, processes: int) -> None:
    """Serve on a free port of this machine, which is printed, until standard input ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listening:
        listening.setblocking(False)
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        for _ in range(processes - 1):
            if os.fork() == 0:
                break
        serve(listening, request_bytes, sys.stdin.fileno())
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

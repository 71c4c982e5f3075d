"""The connections that have nothing to send, in the order in which they fell idle."""

from __future__ import annotations

from engine.connections.http1 import Connection


class Idle:
    """A set that knows who came first and who last."""

    def __init__(self) -> None:
        self._connections: dict[Connection, None] = {}

    def __bool__(self) -> bool:
        return bool(self._connections)

    def add(self, connection: Connection) -> None:
        """Add one."""
        self._connections[connection] = None

    def remove(self, connection: Connection) -> None:
        """Take one out, if it is in."""
        self._connections.pop(connection, None)

    def take(self) -> Connection:
        """Take out the one that fell idle last: fewer of them stay in use, and a target's caches warm."""
        return self._connections.popitem()[0]

    def oldest(self) -> Connection:
        """Return the one that has been idle for the longest time."""
        return next(iter(self._connections))

"""A TCP proxy as slow as it is told: python throttle.py LISTEN_PORT TARGET_PORT BYTES_PER_SECOND

What goes to the target is held back, all connections together; answers are not.
"""

from __future__ import annotations

import socket
import sys
import threading
import time

PIECE_BYTES = 16 * 1024


class Throttle:
    def __init__(self, target: int, bytes_per_second: float, port: int = 0) -> None:
        self._target = target
        self.bytes_per_second = bytes_per_second
        self.carried = 0
        self._free_at = time.monotonic()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            for one, other, slowed in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._carry, args=(one, other, slowed), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, slowed: bool) -> None:
        try:
            while piece := source.recv(PIECE_BYTES):
                if slowed:
                    self._wait_for(len(piece))
                target.sendall(piece)
        except OSError:
            pass
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _wait_for(self, size: int) -> None:
        with self._lock:
            self.carried += size
            self._free_at = max(self._free_at, time.monotonic()) + size / self.bytes_per_second
            until = self._free_at
        time.sleep(max(0.0, until - time.monotonic()))


if __name__ == "__main__":
    throttle = Throttle(int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[1]))
    print(throttle.port, flush=True)
    threading.Event().wait()

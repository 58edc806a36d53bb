"""What if a neighbour is there and never answers? A listening socket that counts who calls it."""

import socket
import threading
from types import TracebackType


class Neighbour:
    """``hangs``: takes the call and says nothing. Otherwise it hangs up at once."""

    def __init__(self, *, hangs: bool) -> None:
        self.calls = 0
        self._hangs = hangs
        self._lines: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Neighbour":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self._thread.join()
        for line in self._lines:
            line.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _address = self._door.accept()
            except OSError:
                return
            self.calls += 1
            if self._hangs:
                self._lines.append(line)
            else:
                line.close()

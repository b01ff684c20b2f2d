"""Two servers of one service."""

from pathlib import Path

from tests.integration.processes import Server, Worker

PREFIX = "two-servers"
ROOM_MEMBERS = 20


class Pair:
    """Two servers of one service, and its worker."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.settings = settings
        self.a = Server(folder, **settings)
        self.b = Server(folder, **settings)
        self.worker = Worker(folder, **settings)

"""Which requests of a client were already carried out, so that a repeat is recognised."""


class AckIds:
    """The ack ids of the newest successful requests of one connection; the oldest is forgotten first."""

    __slots__ = ("_ids", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._ids: dict[int, None] | None = None  # most connections never ask for an ack

    def __contains__(self, ack_id: int) -> bool:
        return self._ids is not None and ack_id in self._ids

    def remember(self, ack_id: int) -> None:
        """Remember that the request with this id succeeded."""
        if self._ids is None:
            self._ids = {}
        self._ids[ack_id] = None
        if len(self._ids) > self._limit:
            del self._ids[next(iter(self._ids))]

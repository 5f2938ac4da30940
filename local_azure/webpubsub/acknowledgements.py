"""What was acknowledged on a connection: requests of its client, and messages of the service to a reliable client."""

from collections import deque


class AckIds:
    """The ack ids of the newest successful requests of one connection; a repeated request is recognised by its id."""

    __slots__ = ("_ids", "_limit")

    def __init__(self, limit: int) -> None:
        """Keep at most `limit` ids; the oldest is removed first."""
        self._limit = limit
        self._ids: dict[int, None] | None = None  # most connections never ask for an ack

    def __contains__(self, ack_id: int) -> bool:
        return self._ids is not None and ack_id in self._ids

    def add(self, ack_id: int) -> None:
        """Store that the request with this id succeeded."""
        if self._ids is None:
            self._ids = {}
        self._ids[ack_id] = None
        if len(self._ids) > self._limit:
            del self._ids[next(iter(self._ids))]


class ReplayBuffer:
    """The frames that one reliable client has not acknowledged, to be sent again after a recovery.

    Sequence ids start at 1.
    """

    __slots__ = ("_frames", "_last_id", "_max_bytes", "_max_messages", "_size")

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._frames: deque[tuple[int, bytes, float | None]] = deque()
        self._last_id = 0
        self._size = 0

    @property
    def next_id(self) -> int:
        """The sequence id of the message that is added next."""
        return self._last_id + 1

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, frame: bytes, expires_at: float | None = None) -> bool:
        """Store the frame that carries `next_id`; return False when a limit is now exceeded."""
        self._last_id += 1
        self._frames.append((self._last_id, frame, expires_at))
        self._size += len(frame)
        return len(self._frames) <= self._max_messages and self._size <= self._max_bytes

    def acknowledge(self, sequence_id: int) -> None:
        """Remove every frame up to and including the id; an old or too high id is allowed."""
        frames = self._frames
        while frames and frames[0][0] <= sequence_id:
            self._size -= len(frames.popleft()[1])

    def unacknowledged(self, now: float) -> list[bytes]:
        """Return the frames to send again, in order, without those whose time to live has passed."""
        return [frame for _, frame, expires_at in self._frames if expires_at is None or expires_at > now]

    def empty_copy(self) -> "ReplayBuffer":
        """Return an empty buffer with the same limits."""
        return ReplayBuffer(self._max_messages, self._max_bytes)

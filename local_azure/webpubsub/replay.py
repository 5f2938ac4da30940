"""What a reliable client has not acknowledged yet, kept so that it can be sent again after a recovery."""

from collections import deque


class ReplayBuffer:
    """The frames of one reliable connection from the oldest that is not acknowledged; sequence ids start at 1."""

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
        """Keep the frame that carries `next_id`; False when that is one message or byte more than allowed."""
        self._last_id += 1
        self._frames.append((self._last_id, frame, expires_at))
        self._size += len(frame)
        return len(self._frames) <= self._max_messages and self._size <= self._max_bytes

    def acknowledge(self, sequence_id: int) -> None:
        """Release everything up to and including the id; an old or too high id does no harm."""
        frames = self._frames
        while frames and frames[0][0] <= sequence_id:
            self._size -= len(frames.popleft()[1])

    def unacknowledged(self, now: float) -> list[bytes]:
        """Return the frames to send again, in order, without those whose time to live has passed."""
        return [frame for _, frame, expires_at in self._frames if expires_at is None or expires_at > now]

    def emptied(self) -> "ReplayBuffer":
        """Return an empty buffer with the same limits."""
        return ReplayBuffer(self._max_messages, self._max_bytes)

"""How long does a writer wait because other instances append to the same room?

Who stored something knows the head at once, the others have to read it: without waiting, one would win every race.
Times are monotonic seconds.
"""

from dataclasses import dataclass

# For so long after another instance's append was noticed, a writer expects more of them.
CONTENTION_SECONDS = 1.0
# Who won a race waits so many transactions' time, and half of one for each race that it lost before: there are more
# writers then. Its next transaction carries more entries.
TURNS, TURNS_PER_LOSS, LONGEST_TURN_SECONDS = 8, 0.5, 0.25
# The pause after a lost race is at most so many transactions' time, and shorter after each further one: who waits
# longest is first.
RACE_PAUSE = 0.6
# Who appends without a break never loses a race, so it cannot notice the others. After so long it makes a break, in
# which another one can read the head and append.
UNBROKEN_SECONDS = 0.5
BREAK = 2  # transactions' time


@dataclass(slots=True)
class Contention:
    """What a writer noticed of others; it should not begin a transaction before `next_turn`."""

    next_turn: float = float("-inf")
    _noticed_at: float = float("-inf")
    _began_at: float = float("-inf")
    _seconds: float = float("inf")  # how long the last transaction that was carried out took
    _stored_at: float = float("-inf")
    _etag: str = ""  # of the head that this writer stored last
    _break_at: float = float("-inf")

    def is_noticed(self, now: float) -> bool:
        """Return whether another instance appended a moment ago."""
        return now - self._noticed_at < CONTENTION_SECONDS

    def begin(self, now: float) -> None:
        """Note that a transaction is sent."""
        self._began_at = now

    def lose(self, lost: int, jitter: float, now: float) -> float:
        """Note that the transaction was refused, the `lost`th (from 1) for its requests; return the seconds to pause.

        `jitter` is from 0 to 1, so that instances that lost one race do not meet in the next.
        """
        self._noticed_at = now
        return min(RACE_PAUSE * (now - self._began_at), LONGEST_TURN_SECONDS) * jitter / lost**2

    def see_head(self, etag: str, now: float) -> None:
        """Note the head that was read: another one than this writer just stored is another instance's."""
        if now - self._stored_at < CONTENTION_SECONDS and etag != self._etag:
            self._noticed_at = now

    def win(self, etag: str, lost: int, now: float) -> None:
        """Note that the transaction stored the head `etag`, after so many lost races; this sets the next turn."""
        seconds = now - self._began_at
        if self._began_at - self._stored_at > BREAK * seconds:
            self._break_at = self._began_at
        self._stored_at, self._etag = now, etag
        # One slow answer says little about the others.
        usual, self._seconds = min(seconds, self._seconds), seconds
        if self.is_noticed(now):
            self.next_turn = now + min((TURNS + TURNS_PER_LOSS * lost) * usual, LONGEST_TURN_SECONDS)
        elif now - self._break_at > UNBROKEN_SECONDS:
            self.next_turn = self._break_at = now + min(BREAK * seconds, LONGEST_TURN_SECONDS)

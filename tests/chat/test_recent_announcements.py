"""What was announced a moment ago is not announced again."""

from chat.recent_announcements import RecentAnnouncements


def test_an_event_is_announced_once_and_again_after_its_opposite() -> None:
    announcements = RecentAnnouncements()

    claimed = [announcements.claim("lobby", "ana", event, now) for event, now in [("left", 0.0), ("left", 1.0)]]
    claimed += [announcements.claim("lobby", "ana", "joined", 2.0), announcements.claim("lobby", "ana", "left", 3.0)]
    claimed += [announcements.claim("lobby", "ana", "left", 9.0), announcements.claim("design", "ana", "left", 9.0)]

    assert claimed == [True, False, True, True, True, True]


def test_a_released_announcement_can_be_claimed_again() -> None:
    announcements = RecentAnnouncements()
    announcements.claim("lobby", "ana", "left", 0.0)

    announcements.release("lobby", "ana")

    assert announcements.claim("lobby", "ana", "left", 1.0)

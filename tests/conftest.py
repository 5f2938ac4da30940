"""What holds for every test of the house."""

from hypothesis import HealthCheck, settings

# On a busy machine an example takes as long as it takes: a slow one is no failed claim. Under CI=true the parent is the
# library's profile for CI, which tries the same examples every time.
settings.register_profile(
    "unhurried",
    parent=settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unhurried")

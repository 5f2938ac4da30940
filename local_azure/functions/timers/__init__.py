"""Timer triggers: their schedules, what is remembered of them over restarts, and the tasks that run the functions."""

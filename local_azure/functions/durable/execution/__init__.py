"""Run what is due: episodes, activities, entity batches and timers."""

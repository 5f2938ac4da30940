"""When Python looks for garbage that refers to itself: seldom, because hardly anything of a service does.

With Python's own threshold of 700 objects, the messages that are in flight at the same time start a collection again
and again: measured, 50 µs of each message in the app's process, and pauses of 60 ms for a look at all that was loaded.
"""

import gc

# A few MiB of small objects.
NEW_OBJECTS = 20_000


def collect_seldom() -> None:
    """Look for garbage when there are 20,000 new objects, and no longer in what has been loaded until now.

    A program calls this when it has started; a library must leave it to its program.
    """
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)

"""A smaller set of checks for Table storage: the operations that every app uses, over plain HTTP."""

"""The cases, by subject; `conformance.all_cases` imports each module by its name."""

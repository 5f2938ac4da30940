"""The functions that the platform calls, one blueprint for each concern: read, decide elsewhere, answer.

The host tries HTTP functions in the alphabetical order of their names, so the page's catch-all is called `zz_page`.
"""

"""What a run would cost on Azure: counters that cost nearly nothing, the published billing rules, and prices.

Standard library only, because the estimate of `cost/` needs no environment.
"""

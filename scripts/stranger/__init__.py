"""A client that knows nothing of this gateway: only the public protocols and how to read a form.

Used by `scripts/smoke` and `scripts/bench`. Standard library only, except `sdk.py`.
"""

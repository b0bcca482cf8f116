"""Importing this registers every scenario, in the order they run."""

from . import hosted, local, pages, programs, redirects, returns, scripts, logs  # noqa: F401

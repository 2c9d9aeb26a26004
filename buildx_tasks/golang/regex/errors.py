"""What can go wrong with a regular expression."""

from __future__ import annotations


class RegexError(ValueError):
    """Go rejects the pattern, or it is larger than what is compiled here; the message says what and where."""


class TooMuchWorkError(Exception):
    """The pattern is so large that matching it against a text this long is not attempted to the end."""

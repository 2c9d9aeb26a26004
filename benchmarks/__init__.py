"""Measures what we promise to cost, on this machine and in one run: `nox -s bench`. Nothing here is shipped."""

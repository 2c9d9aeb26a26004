"""Layer 1: values. Frozen dataclasses and pure functions of them.

Standard library only; no I/O, no clock, no environment.
"""

"""Layer 1: values. Frozen dataclasses and pure functions of them; no I/O, no clock, no environment."""

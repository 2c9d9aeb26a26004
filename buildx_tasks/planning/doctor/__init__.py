"""The doctor's checks: facts in, verdicts out."""

"""What is remembered between runs: results of builds, and verdicts."""

"""From the output of a failed build to its cause, a hint, and whether to try again."""

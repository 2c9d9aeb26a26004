"""Running a plan: the schedule, one artifact, hooks, metadata."""

"""What is on disk and in git for each artifact."""

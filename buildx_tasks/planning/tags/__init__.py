"""Tag policies, names under a default repository, and the final references."""

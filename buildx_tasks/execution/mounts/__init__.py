"""Restores and saves cache mounts, inside BuildKit."""

"""Declared builders: their values, how they differ from existing ones, and the nodes that a build needs."""

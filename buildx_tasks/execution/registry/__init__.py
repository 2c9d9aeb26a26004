"""Talking to registries."""

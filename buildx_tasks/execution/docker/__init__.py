"""Asking docker and buildx, and creating builders."""

"""What docker, buildx and BuildKit print, as values."""

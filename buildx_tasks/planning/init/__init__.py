"""The config that ``buildx.init`` writes, from the Dockerfiles that were found."""

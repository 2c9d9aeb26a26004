#!/bin/sh
# Skaffold's contract: IMAGE is the name to build, PUSH_IMAGE says whether to push it, BUILD_CONTEXT is where.
set -eu
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
cp "$BUILD_CONTEXT/Dockerfile" "$made"
sort -u "$BUILD_CONTEXT"/names.txt > "$made/names.txt"
if [ "$PUSH_IMAGE" = true ]; then result=--push; else result=--load; fi
docker buildx build "$result" --tag "$IMAGE" "$made"

"""YAML text as nodes with positions, plain data as Skaffold reads it, and edits by text spans."""

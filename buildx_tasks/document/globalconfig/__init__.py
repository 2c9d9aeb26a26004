"""A user's global config file: its values, and edits that keep everything else."""

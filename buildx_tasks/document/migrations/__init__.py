"""The version steps of a config: 71 in all, of which the ones in `table` change more than the apiVersion."""

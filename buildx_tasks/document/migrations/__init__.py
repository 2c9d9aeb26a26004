"""The version steps of a config that change more than its apiVersion."""

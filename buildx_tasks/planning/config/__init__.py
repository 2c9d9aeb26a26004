"""From documents to one config: profiles, patches, overrides, what a config requires, selection."""

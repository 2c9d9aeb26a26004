"""Layer 2: YAML text to data with positions and back: parsing, the schema, validation, text edits, migrations."""

"""Layer 2: YAML text to data with positions and back.

Parsing, the schema catalogue, validation, text edits, migrations.
"""

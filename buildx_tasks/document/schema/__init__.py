"""The annotated schema, validation, and decoding to `model.config`."""

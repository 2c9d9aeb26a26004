"""Reporters: read results, print text or JSON, decide nothing. Imports only the model."""

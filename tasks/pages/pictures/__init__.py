"""The pictures of `docs/pictures`: diagrams from a description in text, and the board as a terminal shows it."""

"""Which tags of a registry are derived here, and which of them nobody needs."""

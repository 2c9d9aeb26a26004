"""Layer 5: the Invoke surface, and the only importer of invoke: translate arguments, call, report."""

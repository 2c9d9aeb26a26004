"""Layer 2: Go's rules for templates, times, regular expressions and path patterns; usable alone."""

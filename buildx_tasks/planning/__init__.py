"""Layer 3: decisions. Pure functions: config, settings and facts in, plans out; never touches the world."""

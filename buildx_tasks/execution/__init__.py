"""Layer 4: effects. The one door to the outside: processes, files, probes, running a plan."""

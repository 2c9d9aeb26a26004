"""When a known result stands for a build."""

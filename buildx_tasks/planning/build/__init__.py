"""From a config to the build of each artifact: tool, destination, caches, arguments, the plan."""

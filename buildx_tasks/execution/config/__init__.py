"""Reading configs: files, URLs, git repositories, global config, skaffold.env."""

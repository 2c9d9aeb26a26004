"""The kube-context and what it means for a build."""

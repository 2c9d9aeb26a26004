"""Cache mounts that outlive a builder: which there are, and what is restored and saved."""

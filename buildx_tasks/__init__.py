"""Build the docker artifacts of a skaffold.yaml through ``docker buildx``, and upgrade old configs.

This is the face of the package: nothing heavy is imported until a name is used.
"""

from __future__ import annotations

__version__ = "0.1.0"

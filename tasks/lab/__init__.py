"""The lab: private Docker engines, registries and remote BuildKit endpoints for tests, from distribution packages.

`parts.py` lists what it is made of, `lifecycle.py` starts and stops it, `commands.py` is its face in Invoke.
"""

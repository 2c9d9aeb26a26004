"""Sessions of a project that builds its images with nox as well."""

import nox

nox.options.sessions = ["check"]


@nox.session
def check(session):
    """Judge config and Dockerfiles; nothing is built."""
    session.install("buildx-tasks")
    session.run("buildx-tasks", "schema.validate")
    session.run("buildx-tasks", "buildx.doctor")


@nox.session
def images(session):
    """Build the images; arguments go to buildx.build, as in: nox -s images -- --default-repo localhost:5000."""
    session.install("buildx-tasks")
    session.run("invoke", "message")
    session.run("invoke", "buildx.build", *session.posargs)

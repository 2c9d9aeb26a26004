"""The tasks of this project are all there, and build what they should; no engine is needed."""


def test_our_own_tasks_are_still_there(tasks_file):
    assert {"message", "images", "buildx.build", "schema.upgrade"} <= tasks_file.names


def test_the_image_is_built_and_pushed(tasks_file):
    done = tasks_file.run("buildx.build", "--tag", "v1", "--default-repo", "registry.example", "--push")
    assert done.code == 0, done.err
    (build,) = tasks_file.docker.builds
    assert {"--push", "registry.example/app:v1"} <= set(build["argv"])


def test_a_task_that_calls_the_python_api(tasks_file):
    done = tasks_file.run("images")
    assert done.code == 0, done.err
    assert tasks_file.docker.builds


def test_a_build_that_fails(tasks_file):
    tasks_file.docker.table["buildx build"] = (1, "", "ERROR: no space left on device\n")
    done = tasks_file.run("buildx.build", "--no-push")
    assert done.code == 1
    assert "the disk of the builder is full" in done.err

"""What can go wrong with the lab, said in one line a problem."""


class LabError(Exception):
    """A part can't be had or started; the message names it and says why."""


class LabUnavailable(LabError):
    """This machine can't run the lab. `problems` holds one line for each thing it lacks."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems

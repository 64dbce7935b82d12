"""Errors of a stage that went wrong on good input."""


class Diverged(RuntimeError):  # noqa: N818 (a state of the training, and the name of its error)
    """The loss or the gradient of an optimiser step is not a finite number.

    Attributes:
        step: the optimiser step, counted from 1.
    """

    def __init__(self, quantity: str, value: float, *, step: int) -> None:
        self.step = step
        super().__init__(f"the {quantity} is {value} at step {step}; lower the learning rate or train in fp32.")

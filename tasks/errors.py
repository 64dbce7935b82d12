"""Errors that a user can fix, with fault, place and remedy in one sentence."""


class UserError(Exception):
    """Bad input. Caught once, at the command line, and shown without a traceback.

    Attributes:
        what: the fault, as a sentence without its full stop.
        where: the file, field or argument at fault, if there is one.
        remedy: the remedy, as a sentence without its full stop.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(what, where, remedy)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if not self.remedy:
            return f"{text}."
        return f"{text}; {self.remedy}" if self.remedy.endswith("?") else f"{text}; {self.remedy}."


class DataError(UserError):
    """A data file is missing, truncated, or not in the layout its reader expects."""

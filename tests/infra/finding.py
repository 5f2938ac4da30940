"""What a check of the Bicep files found."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """A problem in a line of a file."""

    file: str
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}"

"""Every error this library raises on purpose.

TaggerError
├── InputError   what the caller sent cannot be tagged; the caller can mend it
└── ModelError   a model folder cannot be used; whoever installed it can mend it
"""

__all__ = ["InputError", "ModelError", "TaggerError"]


class TaggerError(Exception):
    """Base of the tree; its text is one line, fit to be shown to a user."""


class InputError(TaggerError):
    """What was sent is unusable: the message says what, where and how to mend it.

    item  the place, from 0, of the one at fault in the list that was sent, where there is one
    """

    def __init__(self, message: str, *, item: int | None = None) -> None:
        super().__init__(message)
        self.item = item


class ModelError(TaggerError):
    """A model folder is missing, damaged or of another format; the message names the file."""

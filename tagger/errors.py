"""Every error this library raises on purpose.

TaggerError
├── InputError   what the caller sent cannot be tagged; the caller can mend it
├── JobError     long work broke off for another reason; what is done stays, and it can go on
└── ModelError   a model folder cannot be used; whoever installed it can mend it
"""

__all__ = ["InputError", "JobError", "ModelError", "TaggerError"]


class TaggerError(Exception):
    """Base of the tree; its text is one line, fit to be shown to a user."""


class InputError(TaggerError):
    """What was sent is unusable: the message says what, where and how to mend it.

    item  the place, from 0, of the one at fault in the list that was sent, where there is one
    """

    def __init__(self, message: str, *, item: int | None = None) -> None:
        super().__init__(message)
        self.item = item


class JobError(TaggerError):
    """Long work broke off: a full disk, a worker that was killed. The message says how to go on."""


class ModelError(TaggerError):
    """A model folder is missing, damaged or of another format; the message names the file."""

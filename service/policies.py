"""The moderation policies that the service decides by."""

from collections.abc import Sequence
from pathlib import Path

from service.problems import SetupError
from tagger import InputError, Policy

__all__ = ["Policies"]


class Policies:
    """Those that come with the package and those in a folder; of two with one name, the folder's.

    They are read once the model is known, since rules name its labels. Until then there are none,
    and the routes that need them wait for the model.
    """

    def __init__(self, folder: Path | None, default: str) -> None:
        self._folder = folder
        self._default = default
        self._known: dict[str, Policy] = {}

    def load(self, labels: Sequence[str]) -> None:
        """Read and check every policy against the labels of the model.

        Raises SetupError, with the file and the line at fault, if a policy can't be used; also
        if the folder holds none, or the default one is not there.
        """
        try:
            found = [Policy.packaged(name) for name in Policy.packaged_names()]
            found += [Policy.read(path, labels) for path in self._files()]
        except InputError as error:
            raise SetupError(str(error)) from None
        known = {policy.name: policy for policy in found}
        if self._default not in known:
            names = ", ".join(sorted(known))
            raise SetupError(f"the policy {self._default!r} is not among those there are: {names}")
        self._known = {name: known[name] for name in sorted(known)}

    def _files(self) -> list[Path]:
        if self._folder is None:
            return []
        try:
            files = sorted(path for path in self._folder.iterdir() if path.suffix == ".toml")
        except OSError as error:
            reason = f"can't read the folder of policies {self._folder}: {error.strerror}"
            raise SetupError(reason) from None
        if not files:
            raise SetupError(f"the folder of policies {self._folder} holds no .toml file")
        return files

    @property
    def default(self) -> Policy:
        """The policy that decides where a request names none."""
        return self._known[self._default]

    def get(self, name: str) -> Policy | None:
        """The policy of this name, if there is one."""
        return self._known.get(name)

    def names(self) -> list[str]:
        """The names of all policies, sorted."""
        return list(self._known)

    def all(self) -> list[Policy]:
        """All policies, by name."""
        return list(self._known.values())

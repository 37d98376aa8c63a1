"""The moderation policies that the service decides by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.problems import SetupError
from tagger import InputError, Policy

__all__ = ["Policies"]


@dataclass(frozen=True)
class Policies:
    """Those that come with the package and those in a folder; of two with one name, the folder's.

    They suit one model, since rules name its labels. Make them with `Policies.read`.

    default  decides where a request names none
    """

    default: Policy
    _known: Mapping[str, Policy]

    @classmethod
    def read(cls, folder: Path | None, default: str, labels: Sequence[str]) -> "Policies":
        """Read and check every policy against the labels of a model.

        Raises SetupError, with the file and the line at fault, if a policy can't be used; also
        if the folder holds none, or the default one is not there.
        """
        try:
            found = [Policy.packaged(name) for name in Policy.packaged_names()]
            found += [Policy.read(path, labels) for path in _files(folder)]
        except InputError as error:
            raise SetupError(str(error)) from None
        known = {policy.name: policy for policy in found}
        if default not in known:
            names = ", ".join(sorted(known))
            raise SetupError(f"the policy {default!r} is not among those there are: {names}")
        return cls(known[default], {name: known[name] for name in sorted(known)})

    def get(self, name: str) -> Policy | None:
        """The policy of this name, if there is one."""
        return self._known.get(name)

    def names(self) -> list[str]:
        """The names of all policies, sorted."""
        return list(self._known)

    def all(self) -> list[Policy]:
        """All policies, by name."""
        return list(self._known.values())


def _files(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError as error:
        reason = f"can't read the folder of policies {folder}: {error.strerror}"
        raise SetupError(reason) from None
    if not files:
        raise SetupError(f"the folder of policies {folder} holds no .toml file")
    return files

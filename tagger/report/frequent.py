"""The most frequent of many fragments, counted in bounded memory."""

from dataclasses import dataclass, field

__all__ = ["Frequent"]

_CAPACITY = 10_000


@dataclass
class Frequent:
    """Counts of fragments, exact until there are more than twice `capacity` different ones.

    Then all but `capacity` are dropped, and the count of the most frequent one dropped is taken
    off all others: the summary of Misra and Gries (Finding repeated elements, 1982) as merged by
    Agarwal et al. (Mergeable summaries, 2012). After n fragments no count is too low by more than
    n / (capacity + 1), and none is too high. The same fragments in the same order give the same.

    missed  how many times at most a fragment occurred beyond its count; 0: counts are exact
    """

    capacity: int = _CAPACITY
    missed: int = 0
    _found: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, key: str, shown: str, count: int) -> None:
        """Count a fragment `count` times more; fragments of one key are one, shown as the first."""
        before, shown = self._found.get(key, (0, shown))
        self._found[key] = before + count, shown
        if len(self._found) > 2 * self.capacity:
            self._drop()

    def _drop(self) -> None:
        counts = sorted((count for count, _ in self._found.values()), reverse=True)
        taken = counts[self.capacity]
        self.missed += taken
        self._found = {
            key: (count - taken, shown)
            for key, (count, shown) in self._found.items()
            if count > taken
        }

    def most(self, number: int, *, least: int = 1) -> list[tuple[str, int]]:
        """Up to `number` fragments counted at least `least` times, the most frequent first."""
        enough = [item for item in self._found.items() if item[1][0] >= least]
        enough.sort(key=lambda item: (-item[1][0], item[0]))
        return [(shown, count) for _, (count, shown) in enough[:number]]

"""The one place where the service meets the tagger: its loading, and the work it does."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from service.metrics import Metrics
from service.policies import Policies
from service.problems import Fault, NotReady, Problem, SetupError
from service.queue import WindowQueue
from service.waiting import result
from tagger import Classification, Document, Tagger, TaggerError, Window, windows_per_text

__all__ = ["Engine", "Served", "Tagged"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tagged:
    """One Document per paragraph of a request, and the number of windows that covered each."""

    documents: Sequence[Document]
    windows: Sequence[int]


@dataclass(frozen=True, slots=True)
class Served:
    """A model, and the policies that suit it. A request takes both at once and keeps them."""

    tagger: Tagger
    policies: Policies


class Engine:
    """A tagger that loads while the service already answers, and the queue of its work.

    loading   done once there is a model; it fails with ModelError if that can't be used, with
              SetupError if what is set up beside it can't
    metrics   counts what it does
    draining  whether the service is stopping and takes no new work
    """

    def __init__(self, queue: WindowQueue, metrics: Metrics, *, max_windows: int) -> None:
        self.metrics = metrics
        self.loading: Future[None] = Future()
        self.queue = queue
        self.draining = False
        self._max_windows = max_windows
        self._served: Served | None = None

    def use(self, served: Served) -> None:
        """Answer with a model that is loaded already."""
        self._served = served
        self.loading.set_result(None)

    def load(self, make: Callable[[], Served]) -> None:
        """Begin to load and warm what `make` gives, in a thread of its own."""
        threading.Thread(target=self._load, args=(make,), name="load-model", daemon=True).start()

    def _load(self, make: Callable[[], Served]) -> None:
        try:
            self._serve(make)
        except TaggerError as error:
            _log.error("the model can't be used: %s", error)
            self.loading.set_exception(error)
        except SetupError as error:
            _log.error("the service can't start: %s", error)
            self.loading.set_exception(error)
        except BaseException as error:
            _log.exception("the model did not load: %s", error)  # no request is under way
            self.loading.set_exception(error)
        else:
            self.loading.set_result(None)

    def swap(self, make: Callable[[], Served]) -> bool:
        """Load and warm what `make` gives, beside the model in use, and take its place.

        Requests under way end on the model that they began with. Returns False if what `make`
        gives can't be used: the log says why, and the model in use stays.
        """
        try:
            self._serve(make)
        except Exception as error:
            old = self.tagger.manifest
            stays = f"{old.name} {old.version} goes on serving"
            if isinstance(error, TaggerError | SetupError):
                _log.error("the new model is refused, %s: %s", stays, error)
            else:
                _log.exception("the new model did not load, %s", stays)
            self.metrics.refused.inc()
            return False
        return True

    def _serve(self, make: Callable[[], Served]) -> None:
        served = make()
        served.tagger.warm()
        self._served = served
        manifest = served.tagger.manifest
        _log.info("model %s %s is ready, %s", manifest.name, manifest.version, manifest.sha256)

    @property
    def served(self) -> Served:
        """What answers now. Raises NotReady while it loads, ModelError if it can't be used."""
        if not self.loading.done():
            raise NotReady("the model is still loading: try again in a second")
        self.loading.result()
        assert self._served is not None  # set before `loading` was done
        return self._served

    @property
    def tagger(self) -> Tagger:
        """The tagger that answers now; the errors are those of `served`."""
        return self.served.tagger

    def check_ready(self) -> None:
        """Raises NotReady while the model loads or the service stops, ModelError as `tagger`."""
        _ = self.tagger
        if self.draining:
            raise NotReady("the service is stopping: try again in a second")

    def drain(self, then: Callable[[], None]) -> None:
        """Take no new work, and call `then` once the queue is empty."""
        self.draining = True
        self.queue.when_empty(then)

    def tag(
        self,
        tagger: Tagger,
        paragraphs: Sequence[str],
        *,
        labels: Sequence[str] | None = None,
        thresholds: Mapping[str, float] | None = None,
    ) -> Tagged:
        """Tag the paragraphs of one document.

        tagger  what `self.tagger` was when the request began: it ends on the same model

        Raises Problem with 413 for too many windows, QueueFull, and what the tagger raises.
        """
        windows = tagger.plan_document(paragraphs)
        self._check_count(windows)
        probabilities = result(self.queue.submit(lambda one: tagger.infer([one])[0], windows))
        documents = tagger.decode(
            paragraphs, windows, probabilities, labels=labels, thresholds=thresholds
        )
        self.metrics.count(documents)
        return Tagged(documents, windows_per_text(windows, len(paragraphs)))

    def classify(
        self, tagger: Tagger, text: str, fragments: Sequence[tuple[int, int]]
    ) -> list[Classification]:
        """The technique of fragments of a text, in code points.

        tagger  as for `tag`

        Raises Problem with 413 for too many windows, QueueFull, and InputError as the tagger.
        """
        windows = tagger.plan([text])
        self._check_count(windows)
        marked = tagger.locate(text, windows, fragments)
        probabilities = result(self.queue.submit(tagger.infer_fragments, marked))
        return tagger.rank(fragments, marked, probabilities)

    def _check_count(self, windows: Sequence[Window]) -> None:
        if len(windows) > self._max_windows:
            detail = (
                f"the text has {len(windows)} windows of tokens, a request may have "
                f"{self._max_windows} at most: send it in parts"
            )
            raise Problem(413, detail, [Fault("", "too_many_windows", detail)])

"""From labels of a team's own to a model that knows one technique more and forgets nothing."""

import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from operator import eq
from pathlib import Path

import pytest
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from tagger import Document, Span, Tagger
from training.cli import main
from training.measure import flc

LABEL = "deadline_pressure"
OTHER = "anonymous_sourcing"


def parts(path: Path, label: str) -> dict[str, list[Document]]:
    """Sections of paragraphs, a line each, in which [[ and ]] mark spans."""
    found: dict[str, list[Document]] = {}
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("# "):
            own = found.setdefault(line[2:], [])
        elif line:
            text, spans = "", []
            for place, piece in enumerate(re.split(r"\[\[|\]\]", line)):
                if place % 2:
                    spans.append(Span(len(text), len(text) + len(piece), label))
                text += piece
            own.append(Document(text, tuple(spans), f"{len(found)}{len(own):03}"))
    return found


def write_ptc(folder: Path, documents: list[Document], names: dict[str, str]) -> Path:
    articles = folder / "train-articles"
    articles.mkdir(parents=True)
    rows = []
    for document in documents:
        (articles / f"article{document.id}.txt").write_text(document.text, encoding="utf-8")
        rows += [f"{document.id}\t{names[s.label]}\t{s.start}\t{s.end}\n" for s in document.spans]
    (folder / "train-task2-TC.labels").write_text("".join(rows), encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Made:
    """A retrained model, what was printed, and the paragraphs that it learnt from or did not."""

    folder: Path
    page: str
    printed: str
    label: str
    paragraphs: dict[str, list[Document]]
    again: Callable[..., Path]


def make(place: Path, root: Path, label: str, name: str) -> Made:
    """The default model, retrained on thirty examples alone, and judged on the small corpus."""
    paragraphs = parts(Path(__file__).parent / f"{name.split()[0].lower()}.txt", label)
    data = write_ptc(place / "data", paragraphs["learn"], {label: name})
    described = place / "labels.toml"
    described.write_text(
        f'[{label}]\nname = "{name}"\ndefinition = "Urges to act at once."\n', encoding="utf-8"
    )

    def run(name: str, *more: str) -> Path:
        output = place / name
        base, guard = root / "models" / "default", root / "tests" / "articles"
        words = ["retrain", "--base", base, "--data", data, "--output", output, "--guard", guard]
        assert main([*map(str, words), "--labels-file", str(described), *more]) == 0
        return output

    with redirect_stdout(io.StringIO()) as printed:
        folder = run("ours")
    page = folder.with_name("ours.html").read_text("utf-8")
    return Made(folder, page, printed.getvalue(), label, paragraphs, run)


@pytest.fixture(scope="module")
def made(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("retrain"), root, LABEL, "Deadline pressure")


@pytest.fixture(scope="module")
def other(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("retrain"), root, OTHER, "Anonymous sourcing")


@pytest.fixture(params=["made", "other"])
def each(request: pytest.FixtureRequest) -> Made:
    """A retraining for each of two new techniques."""
    found: Made = request.getfixturevalue(request.param)
    return found


def content_words(documents: list[Document]) -> set[str]:
    words = {word for one in documents for word in re.findall(r"[a-z]+", one.text.lower())}
    stems = {re.sub(r"(?:ing|ed|es|ly|s)$", "", word) for word in words - ENGLISH_STOP_WORDS}
    return {stem for stem in stems if len(stem) > 1}


def fragments(documents: list[Document]) -> list[tuple[str, list[tuple[int, int]]]]:
    return [(one.text, [(span.start, span.end) for span in one.spans]) for one in documents]


def names(tagger: Tagger, documents: list[Document]) -> list[str]:
    """What a model calls the gold fragments."""
    return [s.label for given in fragments(documents) for s in tagger.classify(*given)]


def test_a_new_label_is_found_in_other_words(each: Made) -> None:
    own = each.paragraphs
    assert not content_words(own["learn"]) & content_words(own["find"])
    assert [len(own[part]) for part in ("learn", "find", "without")] == [30, 10, 20]
    gold = [*own["find"], *own["without"]]
    ours = Tagger.load(each.folder)
    marked = ours.tag([one.text for one in gold], labels=[each.label])
    found = [Document(one.text, one.spans, own.id) for one, own in zip(marked, gold, strict=True)]
    assert flc(found, gold).f1 >= 0.4
    assert names(ours, own["find"]).count(each.label) >= 8


def test_the_rest_is_as_it_was(each: Made, tagger: Tagger, articles: list[Document]) -> None:
    texts = [article.text for article in articles]
    ours = Tagger.load(each.folder)
    assert ours.labels == (*tagger.labels, each.label)
    before = tagger.tag(texts, thresholds=0)
    after = ours.tag(texts, labels=tagger.labels, thresholds=0)
    for old, new in zip(before, after, strict=True):
        assert [(s.start, s.end, s.label) for s in new.spans] == [
            (s.start, s.end, s.label) for s in old.spans
        ]
        assert [s.score for s in new.spans] == pytest.approx([s.score for s in old.spans], abs=1e-3)
    # No old data were at hand, and yet other fragments are named as they were; a few that were
    # hardly named before, such as a judge without a name, are like the new label's examples.
    gold = [span.label for article in articles for span in article.spans]
    old, new = (names(own, articles) for own in (tagger, ours))
    assert sum(map(eq, old, new)) >= 0.97 * len(gold)
    assert sum(map(eq, new, gold)) >= sum(map(eq, old, gold)) - 0.01 * len(gold)


def test_what_the_model_says_of_itself(made: Made, tagger: Tagger) -> None:
    manifest = Tagger.load(made.folder).manifest
    assert manifest.version == f"{tagger.manifest.version}+1"
    assert manifest.labels[:-1] == tagger.manifest.labels
    own = manifest.labels[-1]
    assert (own.id, own.name, own.definition) == (
        LABEL,
        "Deadline pressure",
        "Urges to act at once.",
    )
    assert 0 < own.threshold <= 0.5
    assert any(own.calibration.values())
    told = manifest.trained_on
    assert (told["new texts"], told["new labels"]) == (30, LABEL)
    assert told["retrained from"].endswith(tagger.manifest.sha256[:12])
    assert {*told["article ids"]} > {*tagger.manifest.trained_on["article ids"]}
    judged = manifest.figures["retrained"]
    assert judged["new"]["texts"] == 30
    assert judged["new"]["all"]["old"] == 0  # which knows no such label
    assert judged["old"]["texts"] == 12
    assert judged["old"]["all"]["difference"] == 0
    card = (made.folder / "README.md").read_text("utf-8")
    assert "- new texts: 30\n" in card


def test_the_page_says_what_to_do(made: Made) -> None:
    first = made.printed.splitlines()[0]
    assert first.replace("'", "&#x27;") in made.page or first in made.page
    assert "Deadline pressure" in made.page
    assert "found by the new model alone" in made.page
    assert 'id="learning-' in made.page
    assert "$" not in made.page
    assert "://" not in made.page


def test_it_goes_on_from_what_is_done(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("this was fitted before")

    monkeypatch.setattr("training.learning.shifted", refuse)
    again = made.again("again", "--work", f"{made.folder}.work")
    for name in ("head.onnx", "fragments.onnx"):
        assert (again / name).read_bytes() == (made.folder / name).read_bytes()
    with pytest.raises(AssertionError, match="fitted before"):
        made.again("other", "--work", f"{made.folder}.work", "--seed", "1")


def test_twice_gives_the_same_model_bit_for_bit(made: Made) -> None:
    """From nothing, in a folder of its own, on another number of threads."""
    twice = made.again("twice/ours", "--work", f"{made.folder.parent}/elsewhere", "--jobs", "3")
    files = sorted(path.name for path in made.folder.iterdir())
    assert files == sorted(path.name for path in twice.iterdir())
    for name in files:
        assert (twice / name).read_bytes() == (made.folder / name).read_bytes(), name
    assert twice.with_name("ours.html").read_text("utf-8") == made.page


def test_a_model_is_never_changed(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    words = f"retrain --base {made.folder} --data {made.folder} --output {made.folder}"
    assert main(words.split()) == 2
    assert "is there already: name a new folder" in capsys.readouterr().err

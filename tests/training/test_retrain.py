"""From labels of a team's own to a model that knows one technique more and forgets nothing."""

import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from tagger import Document, Span, Tagger
from training.cli import main
from training.measure import flc

LABEL = "deadline_pressure"


def parts(path: Path) -> dict[str, list[Document]]:
    """Sections of paragraphs, a line each, in which [[ and ]] mark spans."""
    found: dict[str, list[Document]] = {}
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("# "):
            own = found.setdefault(line[2:], [])
        elif line:
            text, spans = "", []
            for place, piece in enumerate(re.split(r"\[\[|\]\]", line)):
                if place % 2:
                    spans.append(Span(len(text), len(text) + len(piece), LABEL))
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


@pytest.fixture(scope="module")
def paragraphs() -> dict[str, list[Document]]:
    return parts(Path(__file__).parent / "deadline.txt")


@dataclass(frozen=True)
class Made:
    folder: Path
    page: str
    printed: str
    again: Callable[..., Path]


@pytest.fixture(scope="module")
def made(
    root: Path, paragraphs: dict[str, list[Document]], tmp_path_factory: pytest.TempPathFactory
) -> Made:
    """The default model, retrained on thirty examples alone, and judged on the small corpus."""
    place = tmp_path_factory.mktemp("retrain")
    data = write_ptc(place / "data", paragraphs["learn"], {LABEL: "Deadline pressure"})
    described = place / "labels.toml"
    described.write_text(
        f'[{LABEL}]\nname = "Deadline pressure"\ndefinition = "Urges to act at once."\n',
        encoding="utf-8",
    )

    def run(name: str, *more: str) -> Path:
        output = place / name
        base, guard = root / "models" / "default", root / "tests" / "articles"
        words = ["retrain", "--base", base, "--data", data, "--output", output, "--guard", guard]
        assert main([*map(str, words), "--labels-file", str(described), *more]) == 0
        return output

    with redirect_stdout(io.StringIO()) as printed:
        folder = run("ours")
    return Made(folder, folder.with_name("ours.html").read_text("utf-8"), printed.getvalue(), run)


def content_words(documents: list[Document]) -> set[str]:
    words = {word for one in documents for word in re.findall(r"[a-z]+", one.text.lower())}
    stems = {re.sub(r"(?:ing|ed|es|ly|s)$", "", word) for word in words - ENGLISH_STOP_WORDS}
    return {stem for stem in stems if len(stem) > 1}


def test_a_new_label_is_found_in_other_words(
    made: Made, paragraphs: dict[str, list[Document]]
) -> None:
    assert not content_words(paragraphs["learn"]) & content_words(paragraphs["find"])
    assert [len(paragraphs[part]) for part in ("learn", "find", "without")] == [30, 10, 20]
    gold = [*paragraphs["find"], *paragraphs["without"]]
    marked = Tagger.load(made.folder).tag([one.text for one in gold], labels=[LABEL])
    found = [Document(one.text, one.spans, own.id) for one, own in zip(marked, gold, strict=True)]
    assert flc(found, gold).f1 >= 0.4


def test_the_rest_is_as_it_was(made: Made, tagger: Tagger, articles: list[Document]) -> None:
    texts = [article.text for article in articles]
    ours = Tagger.load(made.folder)
    assert ours.labels == (*tagger.labels, LABEL)
    before = tagger.tag(texts, thresholds=0)
    after = ours.tag(texts, labels=tagger.labels, thresholds=0)
    for old, new in zip(before, after, strict=True):
        assert [(s.start, s.end, s.label) for s in new.spans] == [
            (s.start, s.end, s.label) for s in old.spans
        ]
        assert [s.score for s in new.spans] == pytest.approx([s.score for s in old.spans], abs=1e-3)
    named = [
        [
            one.label
            for article in articles
            for one in own.classify(article.text, [(s.start, s.end) for s in article.spans])
        ]
        for own in (tagger, ours)
    ]
    # Thirty examples and no old data: the name of a given fragment is held less firmly than marks.
    same = [old == new for old, new in zip(*named, strict=True)]
    assert sum(same) > 0.7 * len(same)


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


def test_a_model_is_never_changed(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    words = f"retrain --base {made.folder} --data {made.folder} --output {made.folder}"
    assert main(words.split()) == 2
    assert "is there already: name a new folder" in capsys.readouterr().err

"""Teachers, which mark unlabelled text, and the students that learn from it."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tagger import Document, InputError, Windower
from training.cli import main
from training.download import Checkpoint
from training.finetune_commands import read_unlabelled

TEXTS = [
    "They lied to us, the corrupt cowards. 💩 Nobody asked the families.",
    "   \n",
    "The council meets on Tuesday.\n\nIt is a disgrace beyond words, they said.",
]


@pytest.fixture
def taught(
    checkpoint: Checkpoint, articles: list[Document], folds: list[list[str]], tmp_path: Path
) -> Path:
    from training.teach import TEACHER, teach

    output = tmp_path / "teachers"
    recipe = replace(TEACHER, rate=3e-3, epochs=6, batch_tokens=300)
    teach(articles, folds, TEXTS, checkpoint, checkpoint.tokenizer, output, recipe=recipe)
    return output


def test_teachers_mark_what_is_not_labelled(
    taught: Path, checkpoint: Checkpoint, articles: list[Document], folds: list[list[str]]
) -> None:
    from training.examples import read_soft

    labels = {span.label for document in articles for span in document.spans}
    plan = [w for w in Windower(checkpoint.tokenizer, 64).plan(TEXTS) if len(w)]
    marks = []
    for number, own in enumerate(folds):
        folder = taught / f"fold-{number}"
        assert not set(json.loads((folder / "learnt.json").read_text())["articles"]) & set(own)
        soft = read_soft([folder])
        assert [one.ids.tolist() for one in soft] == [window.ids.tolist() for window in plan]
        for one, window in zip(soft, plan, strict=True):
            assert one.targets.shape == (len(window), len(labels) + 1)
            assert one.targets.min() > 0
            assert one.targets.max() < 1
            np.testing.assert_allclose(one.repeats, window.repeats, atol=1e-3)
        marks.append(np.concatenate([one.targets for one in soft]))
    assert len({mark.tobytes() for mark in marks}) == len(folds)
    together = read_soft([taught / f"fold-{number}" for number in range(len(folds))])
    mean = np.concatenate([one.targets for one in together])
    np.testing.assert_allclose(mean, np.mean(marks, axis=0), atol=1e-6)


def test_a_token_is_marked_as_its_place_is(
    checkpoint: Checkpoint,
    articles: list[Document],
    folds: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The teacher may cut texts into other tokens and windows than the student."""
    from training import teach as module
    from training.examples import read_soft

    def place(_: Any, examples: list[Any], *__: Any) -> list[Any]:
        """In place of probabilities, each token's number in the text."""
        starts = np.cumsum([0, *(len(one.ids) for one in examples)])[:-1]
        return [
            np.arange(first, first + len(one.ids), dtype=np.float32)[:, None].repeat(2, 1)
            for first, one in zip(starts, examples, strict=True)
        ]

    monkeypatch.setattr(module, "predict", place)
    tokenizer = json.loads(checkpoint.tokenizer)
    vocabulary = tokenizer["model"]["vocab"]
    for word in ("corrupt", "cowards", "families"):  # the student spells these in pieces
        vocabulary[f"[not {word}]"] = vocabulary.pop(word, len(vocabulary))
    student = json.dumps(tokenizer).encode()
    recipe = replace(module.TEACHER, epochs=1)
    module.teach(articles, folds[:1], TEXTS, checkpoint, student, tmp_path, recipe=recipe)
    teachers, students = (
        [w for w in Windower(t, 64).plan(TEXTS) if len(w)] for t in (checkpoint.tokenizer, student)
    )
    soft = read_soft([tmp_path / "fold-0"])
    assert sum(map(len, students)) > sum(map(len, teachers))
    at = {
        (window.pieces[0].source, int(start)): number
        for number, (window, start) in enumerate(
            (window, start) for window in teachers for start in window.starts
        )
    }
    for one, window in zip(soft, students, strict=True):
        source = window.pieces[0].source
        for start, (mark, _) in zip(window.starts, one.targets, strict=True):
            if (source, int(start)) in at:
                assert mark == at[source, int(start)]


def test_students_learn_from_the_teacher_of_their_fold(
    taught: Path,
    checkpoint: Checkpoint,
    articles: list[Document],
    folds: list[list[str]],
    tmp_path: Path,
) -> None:
    from training.adapt import Recipe, adapt

    recipe = Recipe(epochs=1)

    def weights(name: str, **options: Any) -> Any:
        output = tmp_path / name
        adapt(articles, folds, checkpoint, output, recipe=recipe, seeds=(0,), **options)
        return {
            part.name: load_file(part / "head.safetensors")["weights"]
            for part in output.iterdir()
            if not part.name.startswith("seed")
        }

    alone, both = weights("alone"), weights("both", teachers=taught)
    assert all((alone[name] != both[name]).any() for name in ("all", "fold-0", "fold-1", "fold-2"))
    path = taught / "fold-1" / "soft.safetensors"
    soft = load_file(path)
    save_file(soft | {"targets": 1 - soft["targets"]}, path)
    other = weights("other", teachers=taught)
    learnt = json.loads((tmp_path / "both" / "fold-0" / "learnt.json").read_text())
    assert learnt["tokens_of_teachers"] == len(soft["ids"])
    changed = {name for name in both if (both[name] != other[name]).any()}
    assert changed == {"all", "fold-1"}


def test_teachers_of_other_folds_are_refused(
    taught: Path,
    checkpoint: Checkpoint,
    articles: list[Document],
    folds: list[list[str]],
    tmp_path: Path,
) -> None:
    from training.adapt import adapt

    with pytest.raises(InputError, match="learnt from articles of the fold"):
        adapt(articles, folds[1:] + folds[:1], checkpoint, tmp_path / "out", teachers=taught)
    (taught / "fold-2" / "marked.json").unlink()
    with pytest.raises(InputError, match=r"fold-2 holds no teacher that is done.*run `teach`"):
        adapt(articles, folds, checkpoint, tmp_path / "out", teachers=taught)


def test_a_training_goes_on_from_an_earlier_one(
    checkpoint: Checkpoint, articles: list[Document], folds: list[list[str]], tmp_path: Path
) -> None:
    from training.adapt import Recipe, adapt

    recipe = Recipe(epochs=1, rate=3e-3, batch_tokens=300)
    first, still = tmp_path / "first", tmp_path / "still"
    adapt(articles, folds, checkpoint, first, recipe=recipe, seeds=(0,))
    adapt(
        articles,
        folds,
        checkpoint,
        still,
        recipe=replace(recipe, rate=1e-9),
        seeds=(1,),
        start=first,
    )
    for name in ("all", "fold-0", "fold-1", "fold-2"):
        for file in ("model.safetensors", "head.safetensors"):
            before, after = load_file(first / name / file), load_file(still / name / file)
            for key, value in before.items():
                np.testing.assert_allclose(after[key], value, atol=1e-5)
    learnt = json.loads((still / "all" / "learnt.json").read_text())
    assert learnt["before"] == {"epochs": 1, "trainings": 1}
    other = tmp_path / "other"
    with pytest.raises(InputError, match="learnt from articles of the fold"):
        adapt(articles, folds[1:] + folds[:1], checkpoint, other, start=first)
    (first / "fold-1" / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"no training that is done.*fold-1/model"):
        adapt(articles, folds, checkpoint, other, start=first)


def test_what_is_done_is_not_done_again(
    taught: Path,
    checkpoint: Checkpoint,
    articles: list[Document],
    folds: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from training import teach as module
    from training import trained

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("this was trained before")

    recipe = replace(module.TEACHER, rate=3e-3, epochs=6, batch_tokens=300)
    arguments = checkpoint, checkpoint.tokenizer, taught
    monkeypatch.setattr(trained, "finetune", refuse)
    before = (taught / "fold-0" / "soft.safetensors").read_bytes()
    module.teach(articles, folds, TEXTS[:1], *arguments, recipe=recipe)  # other texts: marks alone
    assert (taught / "fold-0" / "soft.safetensors").read_bytes() != before
    monkeypatch.setattr(module, "predict", refuse)
    module.teach(articles, folds, TEXTS[:1], *arguments, recipe=recipe)
    with pytest.raises(AssertionError, match="trained before"):
        module.teach(articles, folds, TEXTS, *arguments, recipe=replace(recipe, epochs=1))


def test_the_commands(
    checkpoint: Checkpoint, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    save_file(checkpoint.weights, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(checkpoint.config), encoding="utf-8")
    (folder / "tokenizer.json").write_bytes(checkpoint.tokenizer)
    texts = tmp_path / "texts.jsonl"
    texts.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    common = ["--data", str(root / "tests" / "articles"), "--weights", str(folder)]
    common += ["--epochs", "1", "--jobs", "1"]
    teachers, output = str(tmp_path / "teachers"), str(tmp_path / "out")
    options = ["--texts", str(texts), "--student", str(folder), "--output", teachers]
    assert main(["teach", *common, *options]) == 0
    options = ["--teachers", teachers, "--trainings", "1", "--output", output]
    assert main(["finetune", *common, *options]) == 0
    assert {path.name for path in Path(output).iterdir()} > {"all", "fold-0", "fold-2"}
    assert capsys.readouterr().err == ""


def test_unlabelled_texts(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "b.txt").write_text("second\r\n", newline="")
    (folder / "a.txt").write_text("first")
    (folder / "c.md").write_text("not a text")
    lines = ['{"text": "third"}', '{"title": "Four", "text": "fourth"}', '{"text": " "}']
    packed = tmp_path / "more.jsonl.gz"
    packed.write_bytes(gzip.compress("\n".join(lines).encode()))
    texts = ["first", "second\r\n", "third", "Four\n\nfourth"]
    assert read_unlabelled([folder, packed], 1000) == texts
    assert read_unlabelled([folder, packed], 2) == texts[:2]
    assert read_unlabelled([packed, folder / "a.txt"], 1000) == [*texts[2:], "first"]


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        ("a.jsonl", b'{"text": "one"}\n{"text": 1}', r"a\.jsonl:2: expected an object with a text"),
        ("a.jsonl", b'["one"]', r"a\.jsonl:1: expected an object with a text"),
        ("a.jsonl.gz", b"plain", "can't read .*gz: Not a gzipped file"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "one"}')[:-9], "can't read .*ended before"),
        ("a.txt", b"\xff", "a.txt"),
        ("a.txt", b" \n", "there is no text"),
    ],
)
def test_unlabelled_texts_that_are_none(
    name: str, contents: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(InputError, match=message):
        read_unlabelled([tmp_path / name], 1000)
    with pytest.raises(InputError, match="can't read"):
        read_unlabelled([tmp_path / "none.jsonl"], 1000)

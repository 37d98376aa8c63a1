"""What is served: `promote` with its guard, `rollback`, `history`, and accidents on the way."""

import json
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import training.served
from tagger import Manifest, Tagger, default_model, file_sha256
from training.cli import main
from training.guard import Comparison
from training.measure import Overlap
from training.served import ServedModels, served_name

WAIT = 120
MANIFEST = Manifest.read(Path(__file__).parents[2] / "models" / "default")
NOTHING_FOUND = tuple(replace(label, threshold=1.0) for label in MANIFEST.labels)


@pytest.fixture
def places(tmp_path: Path, root: Path, remake: Callable[..., Path]) -> dict[str, Path]:
    """The packaged model, an equal one, and one that finds nothing."""
    return {
        "default": root / "models" / "default",
        "equal": remake(tmp_path / "equal", version="2"),
        "blind": remake(tmp_path / "blind", version="3", labels=NOTHING_FOUND),
        "guard": root / "tests" / "articles",
        "served": tmp_path / "served",
    }


@pytest.fixture
def run(places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    monkeypatch.setenv("TAGGER_MODELS", str(places["served"]))
    return lambda command: main([word.format(**places) for word in command.split()])


@pytest.fixture
def served(places: dict[str, Path]) -> ServedModels:
    return ServedModels(places["served"])


def state(folder: Path) -> dict[str, bytes]:
    """All that a folder holds, but the lock."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path): path.read_bytes() for path in files}


def test_a_model_that_is_not_worse_is_served(
    run: Callable[[str], int], places: dict[str, Path], served: ServedModels, capsys: Any
) -> None:
    assert run("promote {default}") == 0  # the packaged model was in use: nothing to compare
    first = served_name(MANIFEST)
    assert first == f"default@{MANIFEST.version}-{MANIFEST.sha256[:12]}"
    capsys.readouterr()
    assert run("promote {equal} --guard {guard} --reason May's.feedback") == 0
    out = capsys.readouterr().out
    assert "FLC F1 on 12 guard articles: 0." in out
    assert "difference +0.000 (95% interval +0.000 to +0.000)" in out
    second = served.current()
    assert out.endswith(f"{served.folder} serves {second} in place of {first}\n")
    assert default_model(served.folder) == served.folder / second
    assert Tagger.load().manifest == Manifest.read(places["equal"])
    assert not any(path.is_symlink() for path in served.folder.rglob("*"))
    assert run("history") == 0
    before, after = map(json.loads, capsys.readouterr().out.splitlines())
    assert (before["from"], before["to"], before["figures"]) == (None, first, None)
    assert (after["from"], after["to"], after["event"]) == (first, second, "promote")
    assert (after["why"], after["overruled"]) == ("May's.feedback", None)
    assert after["who"]
    assert after["when"] > before["when"]
    figures = after["figures"]
    assert figures["articles"] == 12
    assert figures["all"]["old"] == figures["all"]["new"] > 0.1
    assert set(figures["by_label"]) >= {"loaded_language", "doubt"}
    # What happens to the folder it was promoted from does not matter any more.
    shutil.rmtree(places["equal"])
    Tagger.load().warm()


def test_a_worse_model_is_refused_unless_forced(
    run: Callable[[str], int], served: ServedModels, capsys: Any
) -> None:
    assert run("promote {default}") == 0
    before = state(served.folder)
    assert run("promote {blind} --guard {guard}") == 1
    out, err = capsys.readouterr()
    assert "-> 0.000, difference -0." in out
    assert "is not promoted: it is worse: FLC F1 falls by more than 0.01. To serve it" in err
    assert run("promote {equal}") == 1
    assert "without --guard it can't be compared" in capsys.readouterr().err
    assert run("promote {blind} --guard {guard} --force") == 2
    assert "--force needs a --reason" in capsys.readouterr().err
    assert run("promote {default}") == 2
    assert "in use already" in capsys.readouterr().err
    assert state(served.folder) == before
    assert run("promote {blind} --guard {guard} --force --reason demonstration") == 0
    forced = served.history()[-1]
    assert forced["overruled"] == "it is worse: FLC F1 falls by more than 0.01"
    assert forced["why"] == "demonstration"
    assert forced["figures"]["all"]["new"] == 0
    assert run("promote {equal} --guard {guard} --force --reason better") == 0
    assert served.history()[-1]["overruled"] is None


def test_rolling_back(
    run: Callable[[str], int], served: ServedModels, capsys: Any, places: dict[str, Path]
) -> None:
    assert run("rollback") == 2
    assert "is no folder of served models" in capsys.readouterr().err
    assert not served.folder.exists()
    served.folder.mkdir()
    assert run("rollback") == 2
    assert "holds no models" in capsys.readouterr().err
    names = []
    for model in ("default", "equal", "blind"):
        assert run(f"promote {{{model}}} --force --reason because") == 0
        names.append(str(served.current()))
    for earlier in (names[1], names[0]):
        assert run("rollback --reason complaints") == 0
        assert served.current() == earlier
    assert run("rollback") == 2
    assert f"give --to with one of {', '.join(sorted(names))}" in capsys.readouterr().err
    assert run("rollback --to 3") == 0
    assert run(f"rollback --to {names[1]}") == 0
    for wrong in ("4", "..", names[1]):
        assert run(f"rollback --to {wrong}") == 2
    assert [(record["event"], record["to"]) for record in served.history()] == [
        *(("promote", name) for name in names),
        *(("rollback", names[place]) for place in (1, 0, 2, 1)),
    ]
    chain = [record["from"] for record in served.history()][1:]
    assert chain == [record["to"] for record in served.history()][:-1]
    (served.folder / names[2] / "head.onnx").write_bytes(b"")
    assert run("rollback --to 3") == 2
    assert served.current() == names[1]


def damaged(places: dict[str, Path]) -> str:
    (places["equal"] / "head.onnx").unlink()
    (places["equal"] / "head.onnx").write_bytes(b"short")
    return "head.onnx is damaged"


def can_not_tag(places: dict[str, Path]) -> str:
    manifest = Manifest.read(places["equal"])
    replace(manifest, labels=manifest.labels[1:]).write(places["equal"])
    return str(places["equal"])


def small_guard(places: dict[str, Path]) -> str:
    places["guard"] = shutil.copytree(places["guard"], places["served"].parent / "guard")
    for number in (101, 102, 103):
        (places["guard"] / "train-articles" / f"article{number}.txt").unlink()
    labels = places["guard"] / "train-task2-TC.labels"
    kept = [x for x in labels.read_text().splitlines() if x[:3] not in ("101", "102", "103")]
    labels.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return "the guard set has 9 articles: 10 or more are needed"


def learnt(places: dict[str, Path]) -> str:
    manifest = Manifest.read(places["equal"])
    ids = {"article ids": ["101", "105", "112"]}
    replace(manifest, trained_on=manifest.trained_on | ids).write(places["equal"])
    return "has 9 articles, beside 3 texts that a model learnt from"


def strange_labels(places: dict[str, Path]) -> str:
    places["guard"] = shutil.copytree(places["guard"], places["served"].parent / "guard")
    labels = places["guard"] / "train-task2-TC.labels"
    rows = [line.split("\t") for line in labels.read_text().splitlines()]
    labels.write_text("".join(f"{a}\tIrony\t{c}\t{d}\n" for a, _, c, d in rows), encoding="utf-8")
    return "no span with a label that one of the models knows"


def broken_in_use(places: dict[str, Path]) -> str:
    (path,) = places["served"].glob("default@*/encoder.onnx")
    path.write_bytes(b"")
    return "the model in use can't be loaded"


@pytest.mark.parametrize(
    "harm", [damaged, can_not_tag, small_guard, learnt, strange_labels, broken_in_use]
)
def test_what_can_not_be_promoted_changes_nothing(
    harm: Callable[[dict[str, Path]], str],
    run: Callable[[str], int],
    places: dict[str, Path],
    served: ServedModels,
    capsys: Any,
) -> None:
    assert run("promote {default}") == 0
    reason = harm(places)
    before = state(served.folder)
    assert run("promote {equal} --guard {guard}") == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("python -m training: ")
    assert reason in last
    assert state(served.folder) == before


def test_a_damaged_model_in_use_can_be_replaced(
    run: Callable[[str], int], places: dict[str, Path], served: ServedModels
) -> None:
    assert run("promote {default}") == 0
    broken_in_use(places)
    assert run("promote {equal} --force --reason repair") == 0
    assert served.history()[-1]["overruled"] == "the model in use can't be loaded"
    assert run("promote {default} --force --reason back") == 0  # which is copied anew
    Tagger.load().warm()


def test_learnt_articles_are_left_out(
    run: Callable[[str], int], places: dict[str, Path], served: ServedModels, capsys: Any
) -> None:
    manifest = Manifest.read(places["equal"])
    replace(manifest, trained_on={"article ids": ["101", "112"]}).write(places["equal"])
    assert run("promote {equal} --guard {guard}") == 0
    assert "; 2 texts that one of the models learnt from were left out" in capsys.readouterr().out
    assert served.history()[-1]["figures"]["articles"] == 10
    assert served.history()[-1]["figures"]["left_out"] == 2


@pytest.mark.parametrize(
    ("old", "new", "interval", "fault"),
    [
        (0.30, 0.30, (-0.02, 0.02), None),
        (0.30, 0.291, (-0.029, 0.02), None),
        (0.30, 0.289, (-0.02, 0.01), "it is worse"),
        (0.30, 0.32, (-0.031, 0.05), "40 articles can't rule out"),
    ],
)
def test_not_worse(
    old: float, new: float, interval: tuple[float, float], fault: str | None
) -> None:
    sides = [{"doubt": Overlap(100, 100, 100 * f1, 100 * f1)} for f1 in (old, new)]
    found = Comparison(40, 0, *sides, interval)
    assert found.difference == pytest.approx(new - old)
    assert (found.fault() or "").startswith(fault or "")
    assert (found.fault() is None) == (fault is None)


class Cut(BaseException):
    """The end of the process, at some point."""


def small(folder: Path, version: str) -> Manifest:
    """A whole model folder, so far as its files go."""
    folder.mkdir()
    (folder / "encoder.onnx").write_bytes(version.encode())
    files = {"encoder.onnx": file_sha256(folder / "encoder.onnx")}
    return replace(MANIFEST, version=version, files=files).write(folder)


def test_a_change_that_is_cut_off_is_made_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each point at which something is brought to the disk."""
    monkeypatch.setattr(Tagger, "load", lambda _: SimpleNamespace(warm=lambda: None))
    old, new = (small(tmp_path / version, version) for version in ("old", "new"))
    sync, left = os.fsync, [0]

    def cut(handle: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Cut
        sync(handle)

    served_after = []
    for points in range(100):
        served = ServedModels(tmp_path / str(points))
        with served.locked():
            served.serve(served.install(tmp_path / "old", old), {"when": 1})
        left[0] = points
        monkeypatch.setattr(os, "fsync", cut)
        with suppress(Cut), served.locked():
            served.serve(served.install(tmp_path / "new", new), {"when": 2})
        monkeypatch.setattr(os, "fsync", sync)
        current = str(served.current())
        whole = Manifest.read(served.folder / current)
        whole.read_file(served.folder / current, "encoder.onnx")
        made = [served_name(old), served_name(new)][: 1 + (whole.version == "new")]
        assert [record["to"] for record in served.history()] == made
        (served.folder / ".incoming-x").mkdir()  # as a process leaves it that is killed
        with served.locked():
            assert not list(served.folder.glob(".incoming-*"))
        assert [record["to"] for record in served.history()] == made
        assert not (served.folder / ".change").exists()
        served_after.append(whole.version)
        if left[0] >= 0:  # it was not cut off
            break
    assert served_after == sorted(served_after, reverse=True)  # old up to some point, then new
    assert served_after.count("new") > 2 < served_after.count("old")


def test_promotions_take_turns(
    run: Callable[[str], int],
    places: dict[str, Path],
    served: ServedModels,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting = threading.Event()
    monkeypatch.setattr(training.served.warnings, "warn", lambda *_, **__: waiting.set())
    codes: list[int] = []
    other = threading.Thread(target=lambda: codes.append(run("promote {equal} --guard {guard}")))
    with served.locked():
        other.start()
        assert waiting.wait(WAIT)
        name = served.install(places["blind"], Manifest.read(places["blind"]))
        served.serve(name, {"event": "promote"})
    other.join(WAIT)
    assert codes == [0]
    first, second = served.history()
    assert (first["to"], second["from"]) == (name, name)
    assert second["figures"]["all"]["old"] == 0  # it was compared with what came before it


@pytest.mark.parametrize(
    ("name", "version", "folder"),
    [
        ("desk", "2026.12.1", "desk@2026.12.1-"),
        ("Unser Modell/ä", "1 b", "Unser-Modell-@1-b-"),
        ("..", "..", "@..-"),
        ("x" * 300, "y@z", "x" * 80 + "@y-z-"),
    ],
)
def test_a_name_fits_any_file_system(name: str, version: str, folder: str) -> None:
    assert served_name(replace(MANIFEST, name=name, version=version)) == (
        folder + MANIFEST.sha256[:12]
    )


def test_a_folder_must_be_named(
    places: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.delenv("TAGGER_MODELS", raising=False)
    assert main(["history"]) == 2
    assert "--models FOLDER, or TAGGER_MODELS" in capsys.readouterr().err
    assert main(["history", "--models", str(places["served"])]) == 0
    places["served"].write_bytes(b"")
    assert main(["promote", str(places["default"]), "--models", str(places["served"])]) == 2
    assert f"can't use {places['served']}: File exists" in capsys.readouterr().err

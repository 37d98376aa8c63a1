"""The default model's folder, whole and damaged."""

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagger import Manifest, ModelError, Tagger, Window, file_sha256

FILES = ("encoder.onnx", "head.onnx", "fragments.onnx", "tokenizer.json", "README.md")


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """A copy to damage; the one large file is a link, so write files with `put`."""
    model = root / "models" / "default"
    copy = shutil.copytree(model, tmp_path / "copy", ignore=lambda *_: ["encoder.onnx"])
    (copy / "encoder.onnx").symlink_to(model / "encoder.onnx")
    return copy


def put(path: Path, contents: bytes) -> None:
    path.unlink()
    path.write_bytes(contents)


def test_every_file_is_listed_and_the_folder_is_small(root: Path) -> None:
    folder = root / "models" / "default"
    names = {path.name for path in folder.iterdir()}
    assert set(Manifest.read(folder).files) == names - {"manifest.json"}
    assert set(FILES) <= names
    assert sum((folder / name).stat().st_size for name in names) < 50_000_000


@pytest.mark.parametrize("name", ["manifest.json", *FILES])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_a_flipped_byte_is_found_and_its_file_named(folder: Path, name: str, share: float) -> None:
    path = folder / name
    damaged = bytearray(path.read_bytes())
    damaged[int(share * (len(damaged) - 1))] ^= 1
    put(path, bytes(damaged))
    with pytest.raises(ModelError, match=name):
        Tagger.load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name}.*No such file"):
        Tagger.load(folder)


@pytest.mark.parametrize("name", FILES[:4])
def test_a_sealed_file_that_is_something_else(folder: Path, name: str) -> None:
    put(folder / name, b"neither a graph nor a tokenizer")
    manifest = Manifest.read(folder)
    files = manifest.files | {name: file_sha256(folder / name)}
    dataclasses.replace(manifest, files=files).write(folder)
    with pytest.raises(ModelError, match=name) as caught:
        Tagger.load(folder)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("name", FILES[:4])
def test_a_manifest_that_lists_too_little(folder: Path, name: str) -> None:
    manifest = Manifest.read(folder)
    files = {other: digest for other, digest in manifest.files.items() if other != name}
    dataclasses.replace(manifest, files=files).write(folder)
    with pytest.raises(ModelError, match=f"lists no {name}"):
        Tagger.load(folder)


def test_graphs_that_fit_the_manifest_pass(folder: Path) -> None:
    Tagger.load(folder).warm()


def test_graphs_that_do_not_fit_the_manifest(folder: Path) -> None:
    """They load: only a run can tell."""
    whole = Manifest.read(folder)
    short = dataclasses.replace(whole, labels=whole.labels[:-1])
    for manifest in (
        short,
        dataclasses.replace(whole, window=whole.window | {"start_token": 10**6}),
    ):
        manifest.write(folder)
        with pytest.raises(ModelError, match=str(folder)) as caught:
            Tagger.load(folder).warm()
        assert len(str(caught.value).splitlines()) == 1


def test_a_head_whose_answers_are_no_probabilities(tagger: Tagger) -> None:
    class Wild(Tagger):
        def infer(self, windows: Sequence[Window]) -> list[Any]:
            return [numbers * np.float32("nan") for numbers in super().infer(windows)]

    with pytest.raises(ModelError, match="not probabilities of the manifest's labels"):
        Wild(tagger._model).warm()


def test_a_path_that_holds_no_model(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path, tmp_path / "absent", tmp_path / "file"):
        with pytest.raises(ModelError, match=r"is not a model folder: can't read its manifest"):
            Tagger.load(path)

"""A model folder is used only if it is whole; no model is needed to test that."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagger import Label, Manifest, ModelError
from tagger.manifest import FORMAT, file_sha256

FILES = {
    "encoder.onnx": bytes(range(256)) * 4,
    "head.onnx": b"\x08\x09weights",
    "tokenizer.json": '{"vocab": ["ä", "ß"]}'.encode(),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, contents in FILES.items():
        (tmp_path / name).write_bytes(contents)
    label = Label(
        "doubt", "Doubt", "Doubt", "Questions it.", "Is he “fit”?", 0.4, 0.2, False, 0.1, {"b": 1.5}
    )
    Manifest(
        name="small",
        version="1.2.0",
        labels=(label,),
        window={"tokens": 126, "start_token": 101, "end_token": 102},
        files={name: file_sha256(tmp_path / name) for name in FILES},
        trained_on={"corpus": "Zoë's", "articles": 3},
        figures={"si": {"f1": 0.25}},
    ).write(tmp_path)
    return tmp_path


def seal(folder: Path, **changes: Any) -> None:
    """Write a manifest with other values and a seal that fits them."""
    path = folder / "manifest.json"
    body = json.loads(path.read_bytes())
    del body["sha256"]
    body |= changes | {"sha256": "0" * 64}
    raw = json.dumps(body, indent=1).encode() + b"\n"
    digest = hashlib.sha256(raw).hexdigest()
    path.write_bytes(raw.replace(b"0" * 64, digest.encode()))


def test_what_was_written_is_read(folder: Path, tmp_path: Path) -> None:
    manifest = Manifest.read(folder)
    assert manifest.labels[0].example == "Is he “fit”?"
    assert manifest.trained_on == {"corpus": "Zoë's", "articles": 3}
    assert manifest.format == FORMAT
    again = tmp_path / "again"
    again.mkdir()
    assert manifest.write(again) == manifest
    assert dataclasses.replace(manifest, version="2").write(again).sha256 != manifest.sha256


def test_files_are_read_whole(folder: Path) -> None:
    manifest = Manifest.read(folder)
    assert {name: manifest.read_file(folder, name) for name in manifest.files} == FILES


def test_any_flipped_byte_of_the_manifest_is_found(folder: Path) -> None:
    path = folder / "manifest.json"
    whole = path.read_bytes()
    random = np.random.default_rng(5)
    positions = random.choice(len(whole), 200, replace=False).tolist()
    for position in [0, *positions, len(whole) - 1]:
        damaged = bytearray(whole)
        damaged[position] ^= int(random.integers(1, 256))
        path.write_bytes(damaged)
        with pytest.raises(ModelError, match=r"manifest\.json"):
            Manifest.read(folder)
    path.write_bytes(whole)
    Manifest.read(folder)


@pytest.mark.parametrize("change", [b" ", b"\n", b"{}", b"\0"])
def test_bytes_after_the_manifest_are_found(folder: Path, change: bytes) -> None:
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes() + change)
    with pytest.raises(ModelError, match=r"manifest\.json"):
        Manifest.read(folder)


@pytest.mark.parametrize("name", FILES)
def test_any_flipped_byte_of_a_file_is_found(folder: Path, name: str) -> None:
    manifest = Manifest.read(folder)
    random = np.random.default_rng(6)
    whole = FILES[name]
    for position in random.integers(0, len(whole), 200).tolist():
        damaged = bytearray(whole)
        damaged[position] ^= int(random.integers(1, 256))
        (folder / name).write_bytes(damaged)
        with pytest.raises(ModelError, match=f"{name} is damaged"):
            manifest.read_file(folder, name)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_short_or_missing_is_named(folder: Path, name: str) -> None:
    manifest = Manifest.read(folder)
    (folder / name).write_bytes(FILES[name][:-1])
    with pytest.raises(ModelError, match=f"{name} is damaged"):
        manifest.read_file(folder, name)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name}.*No such file"):
        manifest.read_file(folder, name)


def test_a_file_the_manifest_does_not_list_is_not_read(folder: Path) -> None:
    (folder / "more.onnx").write_bytes(b"")
    with pytest.raises(ModelError, match=r"more\.onnx"):
        Manifest.read(folder).read_file(folder, "more.onnx")


def test_a_newer_format_is_not_guessed_at(folder: Path) -> None:
    seal(folder, format=FORMAT + 1, a_field_of_the_future=[])
    with pytest.raises(ModelError, match=rf"manifest\.json has format {FORMAT + 1}"):
        Manifest.read(folder)


def test_an_older_format_is_read_and_written_anew(folder: Path) -> None:
    body = json.loads((folder / "manifest.json").read_bytes())
    labels = [{k: v for k, v in label.items() if k != "least_words"} for label in body["labels"]]
    seal(folder, format=2, labels=labels)
    assert [label.least_words for label in Manifest.read(folder).labels] == [1]
    seal(folder, format=1)
    with pytest.raises(ModelError, match=r"has format 1, this release reads 2 to 3"):
        Manifest.read(folder)


@pytest.mark.parametrize("number", [True, None, "1", 1.0, [1]])
def test_a_format_that_is_no_whole_number(folder: Path, number: object) -> None:
    seal(folder, format=number)
    with pytest.raises(ModelError, match=r"manifest\.json is damaged: it has no format number"):
        Manifest.read(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": None},
        {"labels": ["doubt"]},
        {"labels": [{"id": "doubt"}]},
        {"labels": 3},
        {"unknown": 1},
    ],
)
def test_a_sealed_manifest_of_other_fields(folder: Path, changes: dict[str, Any]) -> None:
    seal(folder)
    Manifest.read(folder)
    seal(folder, **changes)
    with pytest.raises(ModelError, match=rf"manifest\.json does not fit format {FORMAT}"):
        Manifest.read(folder)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not JSON",
        b"[]",
        b"[1, 2]",
        b'"manifest"',
        b"null",
        b"{}",
        b'{"format": 2}',
        b"\xff\xfe\xfa",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"format": 2, "a": ' + b"9" * 10_000 + b"}",
    ],
    ids=lambda raw: repr(raw[:16]),
)
def test_a_file_that_is_no_manifest(folder: Path, raw: bytes) -> None:
    (folder / "manifest.json").write_bytes(raw)
    with pytest.raises(ModelError, match=r"manifest\.json is damaged"):
        Manifest.read(folder)


def test_no_folder_and_no_manifest(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"absent is not a model folder.*manifest\.json"):
        Manifest.read(folder / "absent")
    (folder / "manifest.json").unlink()
    with pytest.raises(ModelError, match=r"manifest\.json"):
        Manifest.read(folder)

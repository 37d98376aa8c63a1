"""Law 3: a model is fitted, exported and measured where torch is not installed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tagger import Tagger

BLOCKED = """
import sys

class Without:
    # A finder of modules for which torch is not installed.

    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers"):
            return None
        return self.finder.find_spec(name, path, target)

sys.meta_path = [Without(finder) for finder in sys.meta_path]
try:
    import torch
    sys.exit("torch was found")
except ImportError:
    pass
from training.cli import main
for command in sys.argv[1].split(" && "):
    status = main(command.split())
    if status:
        sys.exit(status)
"""


def test_retraining_needs_no_torch(root: Path, tmp_path: Path) -> None:
    data, encoder = root / "tests" / "articles", root / "models" / "default"
    work, output = tmp_path / "work", tmp_path / "mine"
    commands = [
        f"fit --data {data} --encoder {encoder} --work {work} --limit 6",
        f"export --work {work} --encoder {encoder} --output {output} --model-version 7",
        f"measure --data {data} --model {output} --limit 2",
    ]
    ran = subprocess.run(
        [sys.executable, "-c", BLOCKED, " && ".join(commands)],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    manifest = Tagger.load(output).manifest
    assert (manifest.name, manifest.version) == ("mine", "7")
    assert manifest.trained_on["articles"] == 6
    assert manifest.figures["articles"] == 6
    assert f"{output}: model 7, " in ran.stdout
    measured = json.loads(ran.stdout[ran.stdout.rindex("\n{") :])
    assert measured["model"] == {"name": "mine", "sha256": manifest.sha256}
    shutil.copytree(output, tmp_path / "moved")
    assert Tagger.load(tmp_path / "moved").tag(["They are puppets."], thresholds=0)

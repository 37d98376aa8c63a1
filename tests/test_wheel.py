"""A wheel holds all that tagging needs, and works where the checkout is not."""

import json
import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from email import message_from_string
from pathlib import Path

import pytest

SOURCES = ("tagger", "training", "service", "models", "tests", "bench", "samples")
FILES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE")
JUNK = shutil.ignore_patterns("__pycache__", "*.egg-info")


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that the checkout stays as it is and no old build is taken up."""
    source = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        shutil.copytree(root / name, source / name, ignore=JUNK)
    for name in FILES:
        shutil.copyfile(root / name, source / name)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", "."]
    ran = subprocess.run(build, cwd=source, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    [wheel] = (source / "dist").iterdir()
    return wheel


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment: the wheel, and what this environment has installed."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    [packages] = folder.glob("lib/python*/site-packages")
    # Reads no .pth file of the other environment, so an editable install there stays out of it.
    others = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (packages / "others.pth").write_text("\n".join(others), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", packages]
    ran = subprocess.run([*pip, wheel], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return folder / "bin" / "python"


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_it_holds_packages_pages_and_the_model(wheel: Path, root: Path) -> None:
    held = names(wheel)
    expected = {
        str(path.relative_to(root))
        for package in ("tagger", "training", "service")
        for path in (root / package).rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    model = {f"tagger/models/default/{p.name}" for p in (root / "models" / "default").iterdir()}
    assert "tagger/models/default/encoder.onnx" in model
    assert {"tagger/formats/page.html", "training/card.md", "training/NOTICE"} <= expected
    assert (expected | model) - held == set()


def test_it_holds_nothing_else(wheel: Path) -> None:
    for name in names(wheel):
        top = name.split("/")[0]
        assert top in ("tagger", "training", "service") or top.endswith(".dist-info")
        assert not name.endswith((".pyc", ".joblib", ".labels"))
        assert "article" not in name
    assert wheel.stat().st_size < 50_000_000


def test_its_metadata_are_those_of_setup_cfg(wheel: Path, root: Path) -> None:
    config = ConfigParser(interpolation=None)
    config.read(root / "setup.cfg", encoding="utf-8")
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = message_from_string(archive.read(name).decode("utf-8"))
        scripts = archive.read(name.replace("METADATA", "entry_points.txt")).decode("utf-8")
    assert metadata["Name"] == config["metadata"]["name"]
    assert metadata["Version"] == config["metadata"]["version"]
    assert "Apache-2.0" in (metadata["License-Expression"], metadata["License"])
    assert metadata["License-File"] == "LICENSE"
    assert set(metadata.get_all("Provides-Extra", [])) == {
        "batch",
        "service",
        "spark",
        "postgres",
        "report",
        "training",
        "finetune",
        "dev",
    }
    assert str(metadata.get_payload()).lstrip().startswith("# ")
    needed = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert sorted(line.split("<")[0].split(">")[0] for line in needed) == [
        "numpy",
        "onnxruntime",
        "tokenizers",
        "tqdm",
    ]
    assert "tagger = tagger.cli:main" in scripts


def test_it_tags_outside_the_checkout(python: Path, root: Path, tmp_path: Path) -> None:
    shutil.copyfile(root / "samples" / "article.txt", tmp_path / "article.txt")

    def run(*arguments: str) -> str:
        ran = subprocess.run([python, *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert (ran.returncode, ran.stderr) == (0, "")
        return ran.stdout

    where = run("-c", "import tagger; print(tagger.__file__); print(tagger.default_model())")
    for path in where.splitlines():
        assert Path(path).is_relative_to(python.parent.parent)
    found = json.loads(run("-m", "tagger", "tag", "article.txt", "--format", "json"))
    manifest = json.loads((root / "models" / "default" / "manifest.json").read_bytes())
    assert found["model"]["sha256"] == manifest["sha256"]
    assert found["results"][0]["spans"]
    page = run("-m", "tagger", "tag", "article.txt", "--format", "html")
    assert page.count("<mark ") > 0
    assert run("-m", "training", "--help").startswith("usage: python -m training")


STORE = """
import service, sys
from service.feedback import Feedback, FeedbackStore
from tagger import Document
store = FeedbackStore(sys.argv[1])
print(service.__file__, store.add(Feedback(Document("a"), "reject", "1")))
store.close()
"""


def test_its_migrations_run(python: Path, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/feedback.db"
    ran = subprocess.run(
        [python, "-c", STORE, database], cwd=tmp_path, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    file, record_id = ran.stdout.split()
    assert Path(file).is_relative_to(python.parent.parent)
    assert record_id == "1"

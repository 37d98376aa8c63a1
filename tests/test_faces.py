"""Who may import whom, what a package shows, and what the tagger never loads."""

import ast
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("service", "tagger", "training")
FACES = {
    "service",
    "service.feedback",
    "service.worker",
    "tagger",
    "tagger.batch",
    "tagger.formats",
    "tagger.report",
    "tagger.sources",
    "training",
    "training.formats",
}
MAY_IMPORT: dict[str, set[str]] = {
    "tagger": set(),
    "training": {"tagger", "tagger.drawing"},
    "service": {"tagger"},
}


def modules(package: str) -> dict[str, Path]:
    """Dotted names of a package's modules, and their files."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = {name: path for package in PACKAGES for name, path in modules(package).items()}


def source(module: str, name: str) -> str:
    """What `from module import name` imports: a module of a package, if its face has no such name,
    else the module itself."""
    inner = f"{module}.{name}"
    if inner not in MODULES:
        return module
    body = ast.parse(MODULES[module].read_bytes()).body
    shown = {
        alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    return module if name in shown else inner


def imports(tree: ast.AST, *, at_load: bool = False) -> Iterator[str]:
    """Our own modules that a source file imports; `at_load`: not inside functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            names = [source(str(node.module), alias.name) for alias in node.names]
        else:
            if not (at_load and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
                yield from imports(node, at_load=at_load)
            continue
        yield from (name for name in names if name.split(".")[0] in PACKAGES)


def imported(name: str, *, at_load: bool = False) -> set[str]:
    return set(imports(ast.parse(MODULES[name].read_bytes()), at_load=at_load))


def face(name: str) -> ModuleType:
    if name.startswith("service"):
        pytest.importorskip("flask")
    if name == "tagger.batch":
        pytest.importorskip("joblib")
        pytest.importorskip("pyarrow")
    if name.startswith("training"):
        pytest.importorskip("sklearn")
    return importlib.import_module(name)


def rank(name: str) -> tuple[bool, bool, str]:
    """CONSTANTS, then Classes, then functions, each by name."""
    return not name.isupper(), not name[0].isupper(), name


@pytest.mark.parametrize("name", sorted(FACES))
def test_a_face_lists_what_it_shows_in_order(name: str) -> None:
    module = face(name)
    assert module.__all__ == sorted(module.__all__, key=rank)
    assert len(module.__all__) == len(set(module.__all__)) > 0
    assert [one for one in module.__all__ if not hasattr(module, one)] == []


@pytest.mark.parametrize("name", sorted(FACES))
def test_a_face_shows_all_that_it_imports(name: str) -> None:
    module = face(name)
    public = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and not isinstance(value, ModuleType)
    }
    assert public <= set(module.__all__)


@pytest.mark.parametrize("name", MODULES)
def test_packages_import_only_faces_they_may(name: str) -> None:
    package = name.split(".")[0]
    foreign = {other for other in imported(name) if other.split(".")[0] != package}
    assert foreign <= MAY_IMPORT[package]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_not_built_on_its_own_face(package: str) -> None:
    inside = [name for name in modules(package) if name != package and "__main__" not in name]
    assert [name for name in inside if package in imported(name)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    left = {name: imported(name, at_load=True) & set(modules(package)) for name in modules(package)}
    while free := [name for name, needs in left.items() if not needs & set(left)]:
        for name in free:
            del left[name]
    assert not left


SPY = """
import json, sys

opened, unpickled = [], []

def spy(event, arguments):
    if event == "open":
        opened.append(str(arguments[0]))
    if event == "pickle.find_class":
        unpickled.append(list(map(str, arguments)))

sys.addaudithook(spy)
import tagger
loaded = {"import": sorted(sys.modules)}
if len(sys.argv) > 1:
    tagger.Tagger.load(sys.argv[1]).tag(["These puppets lied."], thresholds=0)
loaded["tag"] = sorted(sys.modules)
print(json.dumps({"loaded": loaded, "opened": opened, "unpickled": unpickled}))
"""
HEAVY = {
    "datasets",
    "flask",
    "joblib",
    "matplotlib",
    "pandas",
    "pyarrow",
    "pyspark",
    "skl2onnx",
    "sklearn",
    "torch",
    "transformers",
}


def spied(*arguments: str) -> Any:
    ran = subprocess.run(
        [sys.executable, "-c", SPY, *arguments], cwd=ROOT, capture_output=True, check=True
    )
    return json.loads(ran.stdout)


def test_importing_the_tagger_loads_nothing_heavy() -> None:
    loaded = spied()["loaded"]["import"]
    assert {"tagger", "tagger.model"} <= set(loaded)
    # onnxruntime starts threads when it is imported, and servers fork after importing the tagger.
    assert (HEAVY | {"onnxruntime"}) & {name.split(".")[0] for name in loaded} == set()


def test_tagging_reads_no_pickle() -> None:
    model = ROOT / "models" / "default"
    found = spied(str(model))
    assert any(name.endswith("encoder.onnx") for name in found["opened"])
    suffixes = (".pkl", ".pickle", ".joblib", ".npy", ".npz", ".pt", ".bin")
    assert [name for name in found["opened"] if name.endswith(suffixes)] == []
    assert found["unpickled"] == []
    assert HEAVY & {name.split(".")[0] for name in found["loaded"]["tag"]} == set()
    assert not [path for path in model.iterdir() if path.name.endswith(suffixes)]

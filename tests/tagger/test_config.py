from pathlib import Path

import pytest

import tagger
from tagger import Config, InputError, ModelError, default_model


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, Config(None, None)),
        ({"TAGGER_MODELS": "", "TAGGER_THREADS": ""}, Config(None, None)),
        ({"TAGGER_THREADS": "3"}, Config(None, 3)),
        ({"TAGGER_MODELS": "served"}, Config(Path("served"), None)),
        ({"TAGGER_MODELS": "/a b/c", "TAGGER_THREADS": "1"}, Config(Path("/a b/c"), 1)),
        ({"tagger_threads": "3", "THREADS": "4"}, Config(None, None)),
    ],
)
def test_settings_come_from_the_environment(environ: dict[str, str], expected: Config) -> None:
    assert Config.from_environment(environ) == expected


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", "1e3", " 2", "²"])
def test_a_count_of_threads_that_does_not_parse(value: str) -> None:
    with pytest.raises(InputError, match=r"TAGGER_THREADS is .*whole number above 0"):
        Config.from_environment({"TAGGER_THREADS": value})


def test_the_default_model_lies_beside_the_package_in_a_checkout(root: Path) -> None:
    assert default_model() == root / "models" / "default"


def test_a_wheel_carries_the_default_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagger.config, "_HERE", tmp_path)
    inside = tmp_path / "models" / "default"
    inside.mkdir(parents=True)
    assert default_model() == inside


@pytest.mark.parametrize("contents", ["second", "second\n", "  second\r\n"])
def test_current_names_the_served_model(tmp_path: Path, contents: str) -> None:
    (tmp_path / "current").write_text(contents, encoding="utf-8")
    assert default_model(tmp_path) == tmp_path / "second"


def test_current_is_read_anew_each_time(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / "next").write_text(name, encoding="utf-8")
        (tmp_path / "next").replace(tmp_path / "current")
        assert default_model(tmp_path) == tmp_path / name


@pytest.mark.parametrize(
    "contents", [b"", b" \n", b".", b"..", b"../other", b"/etc", b"a/b", b"a\0b", b"\xff\xfe"]
)
def test_current_must_name_a_folder_beside_it(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "current").write_bytes(contents)
    with pytest.raises(ModelError, match="current"):
        default_model(tmp_path)


def test_no_current_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"current.*No such file.*unset TAGGER_MODELS"):
        default_model(tmp_path)
    (tmp_path / "current").mkdir()
    with pytest.raises(ModelError, match="current"):
        default_model(tmp_path)


def test_load_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAGGER_MODELS", str(tmp_path))
    (tmp_path / "current").write_text("nowhere", encoding="utf-8")
    with pytest.raises(ModelError, match="nowhere"):
        tagger.Tagger.load()

"""Odd texts given to `tagger tag`: a right answer, or one line that names the file."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., str]
Error = Callable[..., str]
Answer = Callable[..., dict[str, Any]]

SAMPLE = "samples/article.txt"
LOADED = "These spineless treacherous puppets have sold our country to murderous thugs."


FILES: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "can't read {file}: No such file or directory"),
    "binary": (b"\x7fELF\x02\x01\x00\x00", "{file} is not text: it holds NUL bytes"),
    "latin-1": ("Die Lüge".encode("latin-1"), "{file} is not UTF-8 text (byte 5): convert it"),
    "utf-16": ("They lie.".encode("utf-16"), "{file} is not text: it holds NUL bytes"),
    "cut short": ("Lügen 💩".encode()[:-1], "{file} is not UTF-8 text (byte 7)"),
    "a lone surrogate": (b"They \xed\xa0\x80 lie", "{file} is not UTF-8 text (byte 5)"),
}


@pytest.mark.parametrize(("contents", "message"), FILES.values(), ids=FILES)
def test_files_that_cannot_be_tagged(
    tmp_path: Path, contents: bytes | None, message: str, error: Error
) -> None:
    file = tmp_path / "file.txt"
    if contents is not None:
        file.write_bytes(contents)
    for arguments in ([file], [SAMPLE, file], [file, "--format", "html"]):
        assert message.format(file=file) in error("tag", *arguments)


def test_a_directory_is_no_file(error: Error) -> None:
    assert "can't read samples: Is a directory" in error("tag", "samples")


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"a\0b", None])
def test_standard_input_that_cannot_be_tagged(
    raw: bytes | None, monkeypatch: pytest.MonkeyPatch, error: Error
) -> None:
    stdin = None if raw is None else io.TextIOWrapper(io.BytesIO(raw))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert error("tag", "-").startswith(("tagger: - is not ", "tagger: can't read -: "))


@pytest.mark.parametrize(("raw", "windows"), [(b"", 0), (b" \r\n\t\n", 1)])
def test_a_text_without_words(
    raw: bytes, windows: int, tmp_path: Path, run: Run, answer: Answer
) -> None:
    file = tmp_path / "empty.txt"
    file.write_bytes(raw)
    expected = {"id": str(file), "windows": windows, "spans": [], "labels": {}}
    assert answer(file, "--threshold", "0")["results"] == [expected]
    outputs = {form: run("tag", file, "--format", form) for form in ("text", "html", "ptc")}
    assert outputs["text"].endswith("\nno technique found\n")
    assert outputs["ptc"] == ""
    assert "<mark" not in outputs["html"]
    assert outputs["html"].rstrip().endswith("</html>")


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeff{LOADED}\r\n\r\n{LOADED}\r\n",
        f"\r\n\r\n{LOADED}\r{LOADED}",
        f"💩 e\u0301 {LOADED}\u2029{LOADED}",
    ],
)
def test_offsets_count_the_text_as_received(
    text: str, tmp_path: Path, run: Run, answer: Answer
) -> None:
    file = tmp_path / "article7.txt"
    file.write_bytes(text.encode())
    [result] = answer(file, "--threshold", "0")["results"]
    assert len(result["spans"]) >= 2
    for span in result["spans"]:
        assert text[span["start"] : span["end"]] == span["text"]
        assert span["text"].strip("\ufeff\r\n \u2029") == span["text"]
    second = text.rindex(LOADED)
    assert min(span["start"] for span in result["spans"]) < second
    assert max(span["start"] for span in result["spans"]) >= second
    rows = [
        line.split("\t")
        for line in run("tag", file, "--threshold", "0", "--format", "ptc").splitlines()
    ]
    assert [(int(s), int(e)) for _, _, s, e in rows] == [
        (span["start"], span["end"]) for span in result["spans"]
    ]


def test_a_very_long_line_is_tagged_whole(tmp_path: Path, answer: Answer) -> None:
    filler = "The council met on Thursday and the vote on the harbour was put off once more. "
    text = f"{LOADED} {filler * (300_000 // len(filler))} {LOADED}"
    assert len(text) > 300_000
    file = tmp_path / "line.txt"
    file.write_text(text, encoding="utf-8")
    # Nor is there a progress bar: standard error is no terminal.
    [result] = answer(file, "--threshold", "0")["results"]
    assert result["windows"] > 200
    assert min(span["end"] for span in result["spans"]) <= len(LOADED)
    assert max(span["start"] for span in result["spans"]) >= len(text) - len(LOADED)
    assert all(text[s["start"] : s["end"]] == s["text"] for s in result["spans"])


def test_a_name_that_is_no_unicode(tmp_path: Path, answer: Answer) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")
    Path(name).write_text(LOADED, encoding="utf-8")
    assert answer(name)["results"][0]["id"] == f"{tmp_path}/\ufffd.txt"

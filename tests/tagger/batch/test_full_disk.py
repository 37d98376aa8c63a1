"""A disk that fills up in the middle of a job."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small tmpfs")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this system lets no tmpfs be mounted")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("filler", [36, 44, 52])
def test_what_is_there_is_whole_and_the_job_goes_on(
    small_disk: Path,
    jsonl: Path,
    batch: Any,
    tagged: list[list[dict[str, Any]]],
    filler: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with jsonl.open("a") as file:
        file.write('{"id": "none", "text": null}\n')
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(filler * 1024))
    out = small_disk / "out"
    options = ["--shard-rows", "10", "--output", str(out)]
    assert batch(jsonl, *options) == 1
    found = capsys.readouterr()
    assert found.out == ""
    [line] = found.err.splitlines()
    assert line.startswith(f"tagger: {out}: No space left on device. What is there is whole;")
    assert not [path for path in out.iterdir() if path.name.startswith(".part")]
    held = [row for path in sorted(out.glob("part*")) for row in pq.read_table(path).to_pylist()]
    assert [row["spans"] for row in held] == tagged[: len(held)]
    ballast.unlink()
    assert batch(jsonl, *options, "--resume") == 3
    held = [row for path in sorted(out.glob("part*")) for row in pq.read_table(path).to_pylist()]
    assert [row["spans"] for row in held] == tagged

"""Jobs that are killed, interrupted, or go on with something else than they began with."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tagger import Tagger
from tagger.batch.local import local_engine
from tagger.batch.score import Scoring

Row = dict[str, Any]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(root: Path) -> Start:
    """Starts `tagger batch` in a process of its own, with two workers."""

    # In the background of a shell SIGINT is ignored, by all that the tests start as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def start(*arguments: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tagger", "batch", *map(str, arguments), "--workers", "2"],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


@pytest.fixture
def archive(tmp_path: Path, paragraphs: list[str]) -> Path:
    """200 rows, two of which fail."""
    texts: list[str | None] = [text[:200] for text in paragraphs] * 4
    texts[17] = texts[150] = None
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts[:200]))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """All that must not depend on when the job was stopped."""
    names = [path.name for path in folder.iterdir() if path.name.startswith(("part", "_errors"))]
    return {name: (folder / name).read_bytes() for name in names}


def test_kill_9_at_any_moment(archive: Path, tmp_path: Path, start: Start) -> None:
    options = ("--shard-rows", "20", "--resume")  # on an empty folder it starts
    with start(archive, "--output", tmp_path / "undisturbed", *options) as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (3, "")
    whole = json.loads(out)
    chance = random.Random(5)
    out_folder = tmp_path / "killed"
    kills = 0
    for goal in (0, 2, 5, 8):
        with start(archive, "--output", out_folder, *options) as process:
            while process.poll() is None and len(list(out_folder.glob("part-*"))) < goal:
                time.sleep(0.01)
            time.sleep(chance.random() * 0.5)
            kills += process.poll() is None
            process.kill()
    assert kills >= 3
    with start(archive, "--output", out_folder, *options) as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (3, "")
    assert contents(out_folder) == contents(tmp_path / "undisturbed")
    found = json.loads(out)
    assert {name: found[name] for name in ("rows", "failed", "spans", "techniques")} == {
        name: whole[name] for name in ("rows", "failed", "spans", "techniques")
    }
    names = {path.name for path in out_folder.iterdir()}
    assert names == {path.name for path in (tmp_path / "undisturbed").iterdir()}


def test_death_at_every_step_on_disk(root: Path, tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    texts = ["they lied", None, "they did not", None, *["they"] * 7]
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    script = Path(__file__).with_name("crashing.py")
    output = tmp_path / "out"
    command = [sys.executable, script, source, output, root / "models" / "default"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stderr
    steps, deaths = map(int, ran.stdout.split())
    assert steps > 20
    assert deaths > 7
    expected = contents(output / "undisturbed")
    assert len(expected) == 5
    for folder in output.iterdir():
        assert contents(folder) == expected, folder
        assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_ctrl_c_ends_cleanly(archive: Path, tmp_path: Path, start: Start) -> None:
    out_folder = tmp_path / "out"
    with start(archive, "--output", out_folder, "--shard-rows", "20") as process:
        while process.poll() is None and not list(out_folder.glob("part-*")):
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        out, err = process.communicate(timeout=60)
    message = "tagger: interrupted: the same command with --resume goes on\n"
    assert (process.returncode, out, err) == (130, "", message)
    names = [path.name for path in out_folder.iterdir()]
    assert "_manifest.json" in names
    assert "_summary.json" not in names
    assert not [name for name in names if name.startswith(".part")]
    end = time.monotonic() + 20  # joblib's own watcher of its workers ends after them
    while processes_of(process.pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not processes_of(process.pid)


@pytest.mark.parametrize(
    ("name", "error", "shown"),
    [
        ("ExecutorManagerThread", KeyError(1), False),
        ("ExecutorManagerThread", OSError("no pipe"), True),
        ("other", KeyError(1), True),
    ],
)
def test_only_traces_of_dropped_work_are_left_out(
    monkeypatch: pytest.MonkeyPatch, name: str, error: Exception, shown: bool
) -> None:
    seen: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda raised: seen.append(raised.exc_type))

    def fail() -> None:
        raise error

    with local_engine(Scoring("model", "0" * 64), 1):
        thread = threading.Thread(target=fail, name=name)
        thread.start()
        thread.join()
    assert seen == [type(error)] * shown


def processes_of(session: int) -> list[str]:
    """Processes that are left of a session."""
    left = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it ended
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            left.append(path.parent.name)
    return left


@pytest.fixture
def begun(jsonl: Path, batch: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job that was interrupted after its first shard."""
    count = 0
    infer = Tagger.infer

    def interrupted(self: Tagger, windows: Any) -> Any:
        nonlocal count
        count += 1
        if count > 1:
            raise KeyboardInterrupt
        return infer(self, windows)

    with monkeypatch.context() as patch:
        patch.setattr(Tagger, "infer", interrupted)
        assert batch(jsonl, "--shard-rows", "20") == 130
    return jsonl


def test_a_resumed_job_scores_what_is_left(
    begun: Path, batch: Any, out: Any, tagged: list[list[Row]], capsys: pytest.CaptureFixture[str]
) -> None:
    [first] = out.path.glob("part-*")
    before = first.stat().st_mtime_ns
    assert batch(begun, "--shard-rows", "20", "--resume", "--threads", "2") == 0
    assert first.stat().st_mtime_ns == before
    assert [row["spans"] for row in out.rows()] == tagged
    summary = capsys.readouterr().out
    assert batch(begun, "--shard-rows", "20", "--resume") == 0  # nothing is left to do
    assert capsys.readouterr().out == summary


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "is not empty: name another folder, or give --resume to go on"),
        (["--resume"], "--resume: shard_rows is not what the job was started with"),
        (["--resume", "--shard-rows", "20", "--threshold", "0.5"], "--resume: thresholds is not"),
        (["--resume", "--shard-rows", "20", "--labels", "doubt"], "--resume: labels is not"),
        (["--resume", "--shard-rows", "20", "--format", "jsonl"], "--resume: format is not"),
        (["--resume", "--shard-rows", "20", "--policy", "default"], "--resume: policy is not"),
    ],
)
def test_a_job_does_not_go_on_with_other_options(
    begun: Path, batch: Any, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    capsys.readouterr()
    assert batch(begun, *options) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model", "--resume: the job was started with another model"),
        ("input", "--resume: the input is not what the job was started with, or has changed"),
        ("shard", "part-00000.parquet is missing: start anew"),
        ("manifest", "_manifest.json is damaged"),
        ("done", "_manifest.json is damaged"),
    ],
)
def test_a_job_does_not_go_on_with_something_else(
    begun: Path,
    batch: Any,
    out: Any,
    name: str,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = out.path / "_manifest.json"
    kept = json.loads(manifest.read_bytes())
    if name == "model":
        kept["job"]["model"]["sha256"] = "0" * 64
    elif name == "input":
        os.utime(begun, ns=(0, 0))
    elif name == "shard":
        (out.path / "part-00000.parquet").unlink()
    elif name == "done":
        del kept["done"]["rows"]
    manifest.write_text(json.dumps(kept)[: 99 if name == "manifest" else None])
    capsys.readouterr()
    assert batch(begun, "--resume", "--shard-rows", "20") == 2
    assert message in capsys.readouterr().err


def test_two_processes_do_not_share_a_folder(
    begun: Path, batch: Any, out: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    from tagger.batch.folder import OutputFolder

    other = OutputFolder(out.path, resume=True)
    capsys.readouterr()
    assert batch(begun, "--resume", "--shard-rows", "20") == 2
    assert f"another process is at work in {out.path}" in capsys.readouterr().err
    other.close()
    assert batch(begun, "--resume", "--shard-rows", "20") == 0


def test_a_worker_that_is_killed(archive: Path, tmp_path: Path, start: Start) -> None:
    out_folder = tmp_path / "out"
    options = ("--output", out_folder, "--shard-rows", "20")
    with start(archive, *options) as process:
        while process.poll() is None and not list(out_folder.glob("part-*")):
            time.sleep(0.01)
        for worker in processes_of(process.pid):
            if b"popen_loky" in Path(f"/proc/{worker}/cmdline").read_bytes():
                os.kill(int(worker), signal.SIGKILL)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    # Not the last line: joblib's tracker of resources, a process of its own, may warn after it.
    assert any(line.startswith("tagger: a worker process was killed") for line in err.splitlines())
    with start(archive, *options, "--resume") as process:
        process.communicate()
    assert process.returncode == 3

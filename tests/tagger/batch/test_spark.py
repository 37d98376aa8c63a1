"""Scoring on Spark, in executor processes of their own. One session serves all tests but the last,
since Java takes its time to start."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from tagger import InputError, Policy, Tagger
from tagger.batch import Options, find_files, make_scoring, run_job

pyspark = pytest.importorskip("pyspark")
Row = dict[str, Any]

CONF = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.shuffle.partitions": "2",
}


@pytest.fixture(scope="module")
def environment(
    root: Path, program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """What Spark reads from the environment: loopback alone, and this Python for its workers."""
    program("java")
    work = tmp_path_factory.mktemp("spark")
    own = {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(work),
        "SPARK_WORKER_DIR": str(work),
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": str(root),
        "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in own.items():
            patch.setenv(name, value)
        yield dict(os.environ)


@pytest.fixture(scope="module")
def session(environment: dict[str, str]) -> Iterator[Any]:
    """Two executors of one core, each a process."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local-cluster[2,1,2048]")
    for name, value in CONF.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    application = session.sparkContext.applicationId
    yield session
    session.stop()
    # Spark's stand-in for a cluster leaves its logs in its own folder, whatever the settings say.
    shutil.rmtree(Path(pyspark.__file__).parent / "work" / application, ignore_errors=True)


def executors(application: str) -> list[int]:
    """Executor processes of a Spark application."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:  # it ended
            continue
        if b"--executor-id" in words and application.encode() in words:
            found.append(int(path.parent.name))
    return found


def test_a_data_frame(session: Any, rows: list[Row], tagged: list[list[Row]]) -> None:
    from tagger.spark import tag

    frame = session.createDataFrame([*rows, {**rows[0], "id": "none", "text": None}])
    found = tag(frame, text_column="text").orderBy("words").collect()
    by_id = {row["id"]: row for row in found}
    assert set(found[0].asDict()) == {*rows[0], "spans", "error"}
    for row, spans in zip(rows, tagged, strict=True):
        own = by_id[row["id"]]
        assert [span.asDict() for span in own["spans"]] == spans
        assert (own["text"], own["words"], own["error"]) == (row["text"], row["words"], None)
    assert (by_id["none"]["spans"], by_id["none"]["error"]) == (None, "the text is null")


def test_a_data_frame_with_decisions(session: Any, rows: list[Row], tagger: Tagger) -> None:
    from tagger.spark import tag

    frame = session.createDataFrame(rows[:20], "id string, text string")
    policy = Policy.packaged("default")
    found = tag(frame, text_column="text", policy=policy, thresholds=0.2, ship_model=False)
    documents = tagger.tag([row["text"] for row in rows[:20]], thresholds=0.2)
    actions = [one.action for one in policy.decide(documents, together=False).results]
    assert [row["decision"]["action"] for row in found.collect()] == actions


@pytest.mark.parametrize(
    ("column", "schema", "message"),
    [
        ("body", "id int, text string", "has no column 'body'"),
        ("id", "id int, text string", "the column 'id' is int, not text"),
        ("text", "spans int, text string", "has a column 'spans' already"),
    ],
)
def test_a_data_frame_that_is_refused(session: Any, column: str, schema: str, message: str) -> None:
    from tagger.spark import tag

    with pytest.raises(InputError, match=message):
        tag(session.createDataFrame([], schema), text_column=column)


def test_a_job_whose_executor_is_killed(
    session: Any, jsonl: Path, out: Any, rows: list[Row], tagged: list[list[Row]]
) -> None:
    from tagger.spark import SparkEngine, ship

    with jsonl.open("a") as file:
        file.write('{"id": "none", "text": null}\n')
    scoring, model = make_scoring(None)
    engine = SparkEngine(session, scoring, ship(session, scoring))
    killed: list[int] = []

    def kill() -> None:
        while not list(out.path.glob("part-*")):
            time.sleep(0.05)
        killed.append(executors(session.sparkContext.applicationId)[0])
        os.kill(killed[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    summary = run_job(
        find_files([str(jsonl)]),
        out.path,
        scoring,
        model,
        lambda: nullcontext(engine),
        options=Options(shard_rows=15),
    )
    thread.join()
    assert killed
    assert (summary["rows"], summary["failed"]) == (len(rows) + 1, 1)
    assert out.rows() == [
        {"id": row["id"], "site": row["site"], "words": row["words"], "spans": spans}
        for row, spans in zip(rows, tagged, strict=True)
    ]


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_spark_reads_the_output(
    session: Any, jsonl: Path, batch: Any, out: Any, tagged: list[list[Row]], form: str
) -> None:
    assert batch(jsonl, "--format", form) == 0
    read = session.read.parquet if form == "parquet" else session.read.json
    found = {row["id"]: row for row in read(str(out.path)).collect()}
    for number, spans in enumerate(tagged):
        assert [span.asDict() for span in found[f"row {number}"]["spans"]] == spans


@contextmanager
def server(kind: str, *arguments: str) -> Iterator[str]:
    """A standalone master or worker; the master's address."""
    program = Path(pyspark.__file__).parent / "bin" / "spark-class"
    name = f"org.apache.spark.deploy.{kind.lower()}.{kind}"
    command = [str(program), name, "--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
    with subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        drain = threading.Thread(target=process.stderr.read)
        try:
            pattern = r"(?:Starting Spark master at|registered with master) (spark://\S+)"
            for line in process.stderr:
                if found := re.search(pattern, line):
                    break
            else:
                pytest.fail(f"the {kind} did not start")
            drain.start()  # else the server would wait for a reader of its log
            yield found[1]
        finally:
            process.terminate()
            if drain.is_alive():
                drain.join()


def test_a_standalone_cluster(
    environment: dict[str, str],
    root: Path,
    jsonl: Path,
    out: Any,
    tagged: list[list[Row]],
) -> None:
    options = [item for pair in CONF.items() for item in ("--spark-conf", "=".join(pair))]
    with server("Master") as master, server("Worker", "--cores", "1", "--memory", "1g", master):
        command = [sys.executable, "-m", "tagger", "batch", jsonl, "--output", out.path]
        command += ["--engine", "spark", "--master", master, *options]
        ran = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["spans"] == sum(map(len, tagged))
    assert [row["spans"] for row in out.rows()] == tagged

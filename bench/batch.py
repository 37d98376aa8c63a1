"""Rows a second and peak memory of `tagger batch` by input size, workers and engine:
`python -m bench.batch`."""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import onnxruntime as ort

from bench.contenders import pipeline
from tagger import Tagger, Window, default_model

ROOT = Path(__file__).parent.parent
CHUNK = 5000
_LOOK = 1.0  # seconds between looks at the memory: each takes ten milliseconds of a core


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.batch", description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / "tests" / "articles", help="PTC folder")
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--engines", nargs="+", default=["local", "spark"])
    parser.add_argument(
        "--peers", type=int, default=10_000, help="rows that the bare session runs at most"
    )
    parser.add_argument("--only", nargs=2, help=argparse.SUPPRESS)  # a peer, and its workers
    parser.add_argument("--input", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        peer, workers = arguments.only
        run = {"bare": bare, "pipeline": mapped}[peer]
        print(run(texts(arguments.input, arguments.peers), int(workers)))
        return
    print("| engine | workers | rows | rows a second | peak memory, MB | of the bare session |")
    print("|---|---:|---:|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory() as work:
        for rows in arguments.rows:
            source = Path(work) / f"{rows}.jsonl"
            write_rows(arguments.data, rows, source)
            for workers in arguments.workers:
                peer = peer_rate("bare", source, workers, min(rows, arguments.peers))
                for engine in arguments.engines:
                    rate, memory = batch(source, Path(work) / "out", engine, workers)
                    cells = f"{rate:.0f} | {memory:.0f} | {rate / peer:.2f}"
                    print(f"| {engine} | {workers} | {rows} | {cells} |", flush=True)
            if rows <= 1000:
                workers = max(arguments.workers)
                rate = peer_rate("pipeline", source, workers, rows)
                print(
                    f"| BERT-base pipeline, Dataset.map | 1 | {rows} | {rate:.1f} | | |", flush=True
                )


def write_rows(folder: Path, count: int, path: Path) -> None:
    """Paragraphs of the corpus over and over, their sentences shuffled and a number put after them:
    no two rows are the same, and lengths are those of real articles."""
    articles = sorted((folder / "train-articles").glob("*.txt"))
    blocks = [part for file in articles for part in file.read_bytes().decode().split("\n\n")]
    paragraphs = [block.strip() for block in blocks if block.strip()]
    chance = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            sentences = paragraphs[number % len(paragraphs)].split(". ")
            chance.shuffle(sentences)
            row = {"id": number, "text": f"{'. '.join(sentences)} {number}"}
            file.write(json.dumps(row) + "\n")


def batch(source: Path, output: Path, engine: str, workers: int) -> tuple[float, float]:
    """Rows a second of the job, and the most memory in MB its processes held together."""
    output = output.with_name(f"{source.stem}-{engine}-{workers}")
    command = [sys.executable, "-m", "tagger", "batch", str(source), "--output", str(output)]
    command += ["--engine", engine, "--threads", "1"]
    if engine == "spark":
        command += ["--master", f"local-cluster[{workers},1,2048]"]
        command += ["--spark-conf", "spark.ui.enabled=false"]
    else:
        command += ["--workers", str(workers)]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(_LOOK)
        if process.returncode:
            said.seek(0)
            sys.exit(said.read().decode())
    summary = json.loads((output / "_summary.json").read_bytes())
    return summary["rows_per_second"], peak


def memory(session: int) -> float:
    """MB that the processes of a session hold, what they share divided among them."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            if int(fields[3]) == session:
                lines = (folder / "smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except OSError:  # it ended
            continue
    return total / 1024


def peer_rate(name: str, source: Path, workers: int, rows: int) -> float:
    """Rows a second of a peer, in a process of its own."""
    command = [sys.executable, "-m", "bench.batch", "--only", name, str(workers)]
    command += ["--input", str(source), "--peers", str(rows)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    return float(done.stdout.splitlines()[-1])


def texts(source: Path, count: int) -> list[str]:
    with source.open(encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in islice(file, count)]


def bare(texts: Sequence[str], workers: int) -> float:
    """The shipped model's sessions on the same windows, one a run, in as many threads as there are
    workers. Nothing is tokenised or decoded while the clock runs, and nothing read or written."""
    folder = default_model()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    encoder = ort.InferenceSession(str(folder / "encoder.onnx"), options)
    head = ort.InferenceSession(str(folder / "head.onnx"), options)
    names = [given.name for given in head.get_inputs() if given.name != "repeats"]
    loaded = Tagger.load(folder, threads=1)
    special = loaded.manifest.window

    def run(window: Window) -> None:
        ids = np.array([[special["start_token"], *window.ids, special["end_token"]]])
        states = encoder.run(names, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        own = [state[0, 1:-1] for state in states]
        head.run(None, dict(zip(names, own, strict=True)) | {"repeats": window.repeats})

    seconds = 0.0
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(run, loaded.plan(texts[:50])))  # warm
        for part in parts(texts):
            windows = sorted(loaded.plan(part), key=len, reverse=True)
            start = time.perf_counter()
            list(pool.map(run, windows))
            seconds += time.perf_counter() - start
    return len(texts) / seconds


def mapped(texts: Sequence[str], workers: int) -> float:
    """What a user would write instead: a pipeline of BERT-base size over `Dataset.map`, in one
    process that takes all cores whatever `workers` says."""
    import datasets

    datasets.disable_caching()
    rows = datasets.Dataset.from_dict({"text": list(texts)})

    def run(batch: dict[str, list[str]]) -> dict[str, list[str]]:
        found = pipeline(batch["text"], batch=16)()
        return {"spans": [json.dumps(spans, default=str) for spans in found]}

    start = time.perf_counter()
    rows.map(run, batched=True, batch_size=len(texts))
    return len(texts) / (time.perf_counter() - start)


def parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), CHUNK):
        yield texts[start : start + CHUNK]


if __name__ == "__main__":
    main()

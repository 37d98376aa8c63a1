"""Paragraphs a second and peak memory of `Tagger.tag` beside its peers: `python -m bench.tag`."""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.contenders import CONTENDERS

ROOT = Path(__file__).parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.tag", description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / "tests" / "articles", help="PTC folder")
    parser.add_argument("--paragraphs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3, help="all contenders in turn, so often")
    parser.add_argument("--only", choices=CONTENDERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(_time(arguments.only, _paragraphs(arguments.data, arguments.paragraphs))))
        return
    results: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for _ in range(arguments.rounds):
        for name in CONTENDERS:
            results[name].append(_in_process_of_its_own(name, arguments))
    first, *_ = results
    print("| contender | paragraphs a second | peak memory, MB | Tagger.tag against it |")
    print("|---|---:|---:|---:|")
    for name, rounds in results.items():
        ratios = [
            ours["rate"] / its["rate"] for ours, its in zip(results[first], rounds, strict=True)
        ]
        rate = statistics.median(each["rate"] for each in rounds)
        memory = statistics.median(each["memory"] for each in rounds)
        print(f"| {name} | {rate:.0f} | {memory:.0f} | {statistics.median(ratios):.2f} |")


def _in_process_of_its_own(name: str, arguments: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.tag", "--only", name, "--data", str(arguments.data)]
    command += ["--paragraphs", str(arguments.paragraphs)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _time(name: str, texts: list[str]) -> dict[str, float]:
    run = CONTENDERS[name](texts)
    run()  # warm
    start = time.perf_counter()
    run()
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rate": len(texts) / seconds, "memory": memory}


def _paragraphs(folder: Path, count: int) -> list[str]:
    """Paragraphs of the corpus's articles, over again if there are too few."""
    paths = sorted((folder / "train-articles").glob("*.txt"))
    texts = [path.read_bytes().decode("utf-8") for path in paths]
    own = [part.strip() for text in texts for part in text.split("\n\n") if part.strip()]
    return [own[i % len(own)] for i in range(count)]


if __name__ == "__main__":
    main()

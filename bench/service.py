"""The service under load beside `Tagger.tag`, over the same paragraphs: `python -m bench.service`.

Needs wrk, which Debian has as a package.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.load import Load, Service, load, serve, write_requests
from service import Settings
from tagger import Tagger, default_model

ROOT = Path(__file__).parent.parent
CLIENTS = (1, 4, 16, 64)
Kinds = dict[str, list[list[str]]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.service", description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / "tests" / "articles", help="PTC folder")
    parser.add_argument("--requests", type=int, default=200, help="that are sent, over and over")
    parser.add_argument("--seconds", type=int, default=10, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="all measurements in turn, so often")
    parser.add_argument("--overload", type=int, default=60, help="seconds of it")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    kinds = _kinds(arguments.data, arguments.requests)
    if arguments.only:
        texts = [text for document in kinds[arguments.only] for text in document]
        print(_time(texts, arguments.seconds))
        return
    if not shutil.which("wrk"):
        parser.error("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        files = {
            kind: write_requests(Path(folder) / str(number), documents)
            for number, (kind, documents) in enumerate(kinds.items())
        }
        rounds = [_round(files, arguments) for _ in range(arguments.rounds)]
        _print_rounds(rounds)
        _overload(files["single paragraphs"], arguments.overload)


def _kinds(folder: Path, count: int) -> Kinds:
    """Requests of each kind, over again if the corpus has too few."""
    paths = sorted((folder / "train-articles").glob("*.txt"))
    texts = [path.read_bytes().decode("utf-8") for path in paths]
    articles = [[part for part in text.split("\n\n") if part.strip()] for text in texts]
    single = [[part] for article in articles for part in article]
    chance = random.Random(1)
    return {
        "single paragraphs": [single[i % len(single)] for i in range(count)],
        "articles": [articles[i % len(articles)] for i in range(count)],
        "nine paragraphs to an article": [
            chance.choice(articles if i % 10 == 0 else single) for i in range(count)
        ],
    }


def _time(texts: list[str], seconds: float) -> float:
    """Paragraphs a second of one call of Tagger.tag, over the texts as often as it takes to fill
    about so many seconds: a short call would be measured at a moment's speed of the machine."""
    tagger = Tagger.load(default_model())
    start = time.perf_counter()
    tagger.tag(texts)
    texts = texts * max(1, round(seconds / (time.perf_counter() - start)))
    start = time.perf_counter()
    tagger.tag(texts)
    return len(texts) / (time.perf_counter() - start)


def _round(
    files: dict[str, Path], arguments: argparse.Namespace
) -> dict[str, tuple[float, list[Load]]]:
    """For each kind what Tagger.tag did, in a process of its own, and the service's loads."""
    found = {}
    for kind, requests in files.items():
        command = [sys.executable, "-m", "bench.service", "--only", kind]
        command += ["--data", str(arguments.data), "--requests", str(arguments.requests)]
        command += ["--seconds", str(arguments.seconds)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT, text=True)
        with serve() as service:
            load(service, requests, max(CLIENTS), 2)  # warm
            service.rest()
            loads = [load(service, requests, n, arguments.seconds) for n in CLIENTS]
        found[kind] = json.loads(done.stdout), loads
    return found


def _print_rounds(rounds: list[dict[str, tuple[float, list[Load]]]]) -> None:
    print("| requests | clients | paragraphs a second | of Tagger.tag's | median, ms | p99, ms "
          "| p99 / median | a single paragraph's p99, ms | not 200 | wrk, cores |")  # fmt: skip
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for kind in rounds[0]:
        for column, clients in enumerate(CLIENTS):
            cells = [_cells(each[kind][0], each[kind][1][column]) for each in rounds]
            middle = [statistics.median(values) for values in zip(*cells, strict=True)]
            rate, ratio, half, most, spread, single, refused, cpu = middle
            print(f"| {kind} | {clients} | {rate:.0f} | {ratio:.2f} | {half:.1f} | {most:.1f} "
                  f"| {spread:.1f} | {single:.1f} | {refused:.0f} | {cpu:.2f} |")  # fmt: skip


def _cells(reference: float, seen: Load) -> tuple[float, ...]:
    all_times, single = seen.milliseconds(), seen.milliseconds(paragraphs=1)
    half, most = _quantile(all_times, 0.5), _quantile(all_times, 0.99)
    refused = sum(n for status, n in seen.statuses.items() if status != 200) + seen.errors
    rate = seen.paragraphs
    return (
        rate, rate / reference, half, most, most / half, _quantile(single, 0.99), refused, seen.cpu,
    )  # fmt: skip


def _quantile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def _overload(requests: Path, seconds: int) -> None:
    held = Settings.model_fields["queue_requests"].default
    with serve() as service:
        load(service, requests, held, min(10, seconds))
        service.rest()
        before = service.memory()
        seen = load(service, requests, 4 * held, seconds)
        _print_overload(seen, service, before)


def _print_overload(seen: Load, service: Service, before: float) -> None:
    print("\n| status | answers a second | median, ms | p99, ms | within 50 ms |")
    print("|---|---:|---:|---:|---:|")
    for status, count in seen.statuses.items():
        times = seen.milliseconds(status)
        soon = sum(value <= 50 for value in times) / count
        print(f"| {status} | {count / seen.seconds:.0f} | {_quantile(times, 0.5):.1f} "
              f"| {_quantile(times, 0.99):.1f} | {soon:.2%} |")  # fmt: skip
    after = service.memory()
    print(f"\nerrors of sockets {seen.errors}; wrk kept {seen.cpu:.2f} cores busy; "
          f"resident memory {before:.0f} MB before, {after:.0f} MB after "
          f"({after / before - 1:+.1%})")  # fmt: skip


if __name__ == "__main__":
    main()

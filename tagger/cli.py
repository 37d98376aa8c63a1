"""The command `tagger`."""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from tagger.batch_command import add_batch
from tagger.errors import InputError, TaggerError
from tagger.formats import decision_line, to_answer, to_html, to_ptc, to_terminal
from tagger.options import add_filters, read_labels, read_policy, read_thresholds
from tagger.policy import Decisions, Policy
from tagger.report import add_report
from tagger.sources import Source, read_source
from tagger.spans import Document
from tagger.tagger import Tagger
from tagger.windows import Window, windows_per_text

__all__ = ["main"]

_DESCRIPTION = """\
Find persuasion techniques in text: exact spans, each with its technique and a score.
Everything runs on this machine; no text leaves it.

  tagger tag article.txt                       highlighted in the terminal
  tagger tag *.txt --format html > report.html a page for a browser
  tagger tag - --format json < article.txt     the answer of the REST service
  tagger tag page.html --format json           offsets into the HTML as it stands
  tagger tag a.txt --threshold .3 --threshold doubt=.5
  tagger tag a.txt --policy default            allow, review or block, and why
  tagger batch archive.jsonl --output scored   an archive, row by row, into a folder
  tagger labels                                the techniques and what they mean
  tagger report OUT --by source                a page with plots on the output of a batch
"""

_EXIT = "exit status: 0 done, 2 unusable input or model, 130 interrupted"
_PROGRESS_CHUNK = 32


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        status: int | None = arguments.run(arguments)
        sys.stdout.flush()
    except TaggerError as error:
        print(f"tagger: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # of standard output: what is left of it is dropped
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # else the reader, `head` say, has seen enough
            print(f"tagger: can't write the output: {error.strerror}", file=sys.stderr)
            return 2
        return 0
    return status or 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tagger",
        description=_DESCRIPTION,
        epilog=_EXIT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--model",
        type=Path,
        metavar="FOLDER",
        help="model folder; default: the one TAGGER_MODELS serves, else the packaged model",
    )
    tag = commands.add_parser("tag", parents=[shared], help="tag text files", epilog=_EXIT)
    tag.add_argument("files", nargs="+", metavar="FILE", help="UTF-8 text; - is standard input")
    tag.add_argument(
        "--format",
        choices=("text", "json", "html", "ptc"),
        default="text",
        help="text: highlighted, in colour on a terminal (default); json: the answer of the REST "
        "service; html: a page that stands alone; ptc: tab-separated id, technique, start, end",
    )
    add_filters(tag)
    tag.add_argument(
        "--policy",
        metavar="FILE|NAME",
        help="decide by a moderation policy, for each file: a TOML file, or the name of a policy "
        f"that comes with the package ({', '.join(Policy.packaged_names())}); with text and json",
    )
    tag.add_argument(
        "--html",
        action="store_true",
        help="read every file as HTML; without it, those named .html or .htm",
    )
    tag.set_defaults(run=_tag)
    add_batch(commands, shared)
    labels = commands.add_parser("labels", parents=[shared], help="list the techniques")
    labels.set_defaults(run=_labels)
    add_report(commands, [shared], _EXIT)
    return parser


def _tag(arguments: argparse.Namespace) -> None:
    thresholds = read_thresholds(arguments.threshold)
    labels = read_labels(arguments.labels)
    if arguments.policy is not None and arguments.format not in ("text", "json"):
        raise InputError(f"--format {arguments.format} has no place for the decision of --policy")
    sources = [_source(name, html=arguments.html) for name in arguments.files]
    texts = [source.text for source in sources]
    tagger = Tagger.load(arguments.model)
    policy = read_policy(arguments.policy, tagger.labels) if arguments.policy is not None else None
    tagger.decode([], [], [], labels=labels, thresholds=thresholds)  # refuse before the work
    windows = tagger.plan(texts)
    tagged = tagger.decode(
        texts, windows, list(_infer(tagger, windows)), labels=labels, thresholds=thresholds
    )
    documents = [
        Document(document.text, document.spans, _name(file))
        for file, document in zip(arguments.files, tagged, strict=True)
    ]
    decisions = policy.decide(documents, together=False) if policy else None
    for part in _render(arguments.format, tagger, documents, windows, sources, decisions):
        print(part, end="")


def _render(
    form: str,
    tagger: Tagger,
    documents: Sequence[Document],
    windows: Sequence[Window],
    sources: Sequence[Source],
    decisions: Decisions | None,
) -> Iterator[str]:
    labels = tagger.manifest.labels
    if form == "json":
        counts = windows_per_text(windows, len(documents))
        answer = to_answer(
            tagger.manifest, documents, windows=counts, sources=sources, decisions=decisions
        )
        yield json.dumps(answer, ensure_ascii=False, indent=1) + "\n"
    elif form == "html":
        title = documents[0].id or "" if len(documents) == 1 else f"{len(documents)} texts"
        yield to_html(documents, labels, tagger.manifest, title=title)
    elif form == "ptc":
        stems = [Path(document.id or "").stem for document in documents]
        named = [
            replace(source.document(d), id=stem.removeprefix("article") or stem)
            for d, source, stem in zip(documents, sources, stems, strict=True)
        ]
        yield to_ptc(named, {label.id: label.corpus_name or label.id for label in labels})
    else:
        color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        for number, document in enumerate(documents):
            if len(documents) > 1:
                yield f"==> {document.id} <==\n"
            yield to_terminal(document, labels, color=color, width=width)
            if decisions:
                yield decision_line(decisions.results[number])


def _labels(arguments: argparse.Namespace) -> None:
    manifest = Tagger.load(arguments.model).manifest
    for label in manifest.labels:
        print(
            f"{label.id}  (threshold {label.threshold:.2f})\n    {label.name}. {label.definition}"
        )
        print(f"    For example: {label.example}")


def _infer(tagger: Tagger, windows: Sequence[Window]) -> Iterator[NDArray[np.float32]]:
    """Probabilities of the windows, with a progress bar where there are many."""
    long = len(windows) > 4 * _PROGRESS_CHUNK
    with tqdm(total=len(windows), unit="window", disable=None if long else True) as progress:
        for start in range(0, len(windows), _PROGRESS_CHUNK):
            chunk = windows[start : start + _PROGRESS_CHUNK]
            yield from tagger.infer(chunk)
            progress.update(len(chunk))


def _source(name: str, *, html: bool) -> Source:
    html = html or Path(name).suffix.lower() in (".html", ".htm")
    return read_source(_read(name), "text/html" if html else "text/plain")


def _read(name: str) -> str:
    """A file's text, exactly: line ends are not translated, since offsets count them."""
    if name == "-" and sys.stdin is None:
        raise InputError("can't read -: standard input is closed")
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise InputError(f"can't read {name}: {error.strerror}") from None
    if b"\0" in raw:
        raise InputError(f"{name} is not text: it holds NUL bytes")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not UTF-8 text (byte {error.start}): convert it, for example with iconv"
        ) from None


def _name(file: str) -> str:
    """A file's name as text: bytes of it that are no UTF-8 can't be written."""
    if file == "-":
        return "stdin"
    return os.fsencode(file).decode("utf-8", "replace")

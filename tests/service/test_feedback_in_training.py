"""What the running service streams, as training reads it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from training.formats import FORMATS, format_of, read, write

# What is posted, and the words that are marked in what training reads.
POSTED: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    (
        {
            "text": "The Cafe\u0301 mob 🤡 hates you.\r\nOnly a fool 👩\u200d🚀 would trust them.",
            "offset_unit": "utf16",
            "verdict": "correct",
            "spans": [
                {"start": 4, "end": 13, "label": "name_calling_labeling"},
                {"start": 29, "end": 40, "label": "loaded_language"},
            ],
        },
        [("Cafe\u0301 mob", "name_calling_labeling"), ("Only a fool", "loaded_language")],
    ),
    (
        {
            "text": "<p>Our river, <b>our</b> rules! 🌊</p>",
            "content_type": "text/html",
            "verdict": "accept",
            "annotator": "desk-3",
            "spans": [{"start": 3, "end": 31, "label": "slogans"}],
        },
        [("Our river, our rules!", "slogans")],
    ),
    ({"text": "The council meets at seven. 🙂", "verdict": "reject"}, []),
]


@pytest.fixture(scope="module")
def stream(serve: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stream")
    service = serve("--database", f"sqlite:///{folder}/feedback.db")
    for sent, _ in POSTED:
        status, _, body = service.ask("/v1/feedback", sent | {"model_version": "2026.11.3"})
        assert status == 201, body
    path = folder / "feedback.jsonl"
    path.write_bytes(service.ask("/v1/feedback")[2])
    return path


def test_the_stream_is_read_to_the_words(stream: Path) -> None:
    assert format_of(stream).name == "feedback"
    reading = read([stream])
    assert reading.warnings == ()
    assert [
        [(document.text[span.start : span.end], span.label) for span in document.spans]
        for document in reading.documents
    ] == [marked for _, marked in POSTED]
    assert [record.facts.get("annotator") for record in reading.records] == [None, "desk-3", None]
    assert len({*reading.groups}) == len(POSTED)


@pytest.mark.parametrize("to", FORMATS)
def test_the_stream_goes_through_every_format(to: str, stream: Path, tmp_path: Path) -> None:
    reading = read([stream])
    write(reading.records, tmp_path / "out", to)
    assert read([tmp_path / "out"]).documents == reading.documents

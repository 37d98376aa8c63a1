"""A model of three labels, in memory: the formats must not know the fourteen techniques."""

import pytest

from tagger.manifest import Label, Manifest


def _label(id: str, name: str, definition: str) -> Label:
    return Label(
        id=id,
        name=name,
        corpus_name=name.replace(" ", "_"),
        definition=definition,
        example="",
        threshold=0.5,
        edge=0.5,
        phrases=False,
        prior=0.1,
        calibration={},
    )


@pytest.fixture
def labels() -> tuple[Label, ...]:
    return (
        _label("loaded_language", "Loaded language", "Words of strong emotional weight."),
        _label("doubt", "Doubt", "Questions the credibility of someone."),
        _label("name_calling", "Name calling", "Gives someone a hated or loved name."),
    )


@pytest.fixture
def manifest(labels: tuple[Label, ...]) -> Manifest:
    return Manifest(
        name="small",
        version="2026.1.0",
        labels=labels,
        window={"tokens": 128},
        files={},
        sha256="ab12" * 16,
    )

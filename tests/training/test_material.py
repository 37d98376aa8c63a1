"""What labelled texts teach, and what is said of texts that teach nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from tagger import Document, InputError, Span, Tagger
from training.formats import Reading, read
from training.formats.records import Place, Record
from training.material import prepared, with_words
from training.sharing import shared_out

KNOWN = ("doubt", "loaded_language")


def reading(*texts: tuple[str, list[tuple[int, int, str]], str], verdict: bool = False) -> Reading:
    facts = {"verdict": "correct"} if verdict else {}
    return Reading(
        tuple(
            Record(
                Document(text, tuple(Span(*span) for span in spans), str(number)),
                Place(file, number),
                f"article {number}",
                facts,
            )
            for number, (text, spans, file) in enumerate(texts)
        )
    )


@pytest.fixture(scope="module")
def windower(tagger: Tagger) -> Any:
    return tagger._model.windower


def test_labels_are_looked_for_in_files_that_bear_them(windower: Any) -> None:
    texts = [
        ("They are puppets.", [(9, 16, "loaded_language")], "a"),
        ("Nothing to see.", [], "a"),
        ("Who believes that?", [(0, 18, "doubt")], "b"),
    ]
    found = prepared(reading(*texts), KNOWN, windower)
    assert [sorted(own) for own in found.looked_for] == [
        ["loaded_language"],
        ["loaded_language"],
        ["doubt"],
    ]
    for material in (
        prepared(reading(*texts), KNOWN, windower, complete=True),
        prepared(reading(*texts, verdict=True), KNOWN, windower),
    ):
        assert {*material.looked_for} == {frozenset(KNOWN)}


def test_rejected_texts_alone_teach(windower: Any) -> None:
    texts = [("Nothing to see.", [], "a"), ("Nor here.", [], "a")]
    assert prepared(reading(*texts, verdict=True), KNOWN, windower).own == ()
    with pytest.raises(InputError, match="no text bears a label: there is nothing to learn"):
        prepared(reading(*texts), KNOWN, windower)


def test_a_new_label_needs_examples(windower: Any) -> None:
    one = ("Act now!", [(0, 8, "deadline")], "a")
    with pytest.raises(InputError) as raised:
        prepared(reading(*[one] * 4), KNOWN, windower)
    assert str(raised.value) == (
        "label deadline is new and has too few examples (4, in 4 articles): label 5 or more, in 2 "
        "articles or more, or leave it out with --without deadline"
    )
    assert prepared(reading(*[one] * 5), KNOWN, windower).own == ("deadline",)


def test_labels_left_out(windower: Any) -> None:
    one = ("Act now!", [(0, 8, "deadline"), (0, 3, "doubt")], "a")
    found = prepared(reading(one, one), KNOWN, windower, without=["deadline"])
    assert found.own == ()
    assert [span.label for span in found.documents[0].spans] == ["doubt"]
    with pytest.raises(InputError, match="--without smears: no text bears it; labels found are"):
        prepared(reading(one, one), KNOWN, windower, without=["smears"])


def test_one_article_can_not_be_judged(windower: Any) -> None:
    with pytest.raises(InputError, match="all texts belong to one article"):
        prepared(reading(("They are puppets.", [(0, 4, "doubt")], "a")), KNOWN, windower)


def test_a_span_without_a_word_is_told_of(windower: Any) -> None:
    kept, told = with_words(
        [Document("a  b", (Span(1, 3, "doubt"), Span(0, 1, "doubt")), "7")], windower, ["a:7"]
    )
    assert kept[0].spans == (Span(0, 1, "doubt"),)
    assert told == ["a:7: doubt 1-3 marks white space alone, so it was left out"]


STORY = "The council sold the old mill to a builder from the coast for a very small sum of money."


def test_texts_of_one_article_stay_on_one_side(windower: Any) -> None:
    texts = [
        (STORY, [(0, 11, "doubt")], "a"),
        (STORY.upper() + " So it goes.", [], "a"),
        ("Who believes that?", [(0, 18, "doubt")], "a"),
        ("Nobody was asked about it.", [], "a"),
    ]
    material = prepared(reading(*texts), KNOWN, windower)
    base = [Document(f"{STORY} It is gone.", (), "old-1"), Document("A cow. " * 9, (), "old-2")]
    guard = [Document(f"Yesterday: {STORY}", (), "g-1"), Document("Two birds. " * 9, (), "g-2")]
    shared = shared_out(material, base, guard, {"old-1", "old-2"}, folds=2, seed=0)
    assert shared.folds[0] == shared.folds[1]
    placed = {
        one.document.id: fold
        for one, fold in zip(shared.base, shared.folds[4:].tolist(), strict=False)
    }
    assert placed == {"old-1": shared.folds[0], "old-2": -1}
    assert [one.id for one in shared.judged] == ["g-2"]
    told = " | ".join(shared.warnings)
    assert "0 and 1 are nearly the same text: they are kept on the same side" in told
    assert "0 and old-1 of the old data are nearly the same text" in told
    assert "guard texts left out: 1." in told


def test_a_part_of_the_old_data_is_judged_by(windower: Any) -> None:
    texts = [("They are puppets.", [(0, 4, "doubt")], "a"), ("Who, me?", [(0, 3, "doubt")], "a")]
    material = prepared(reading(*texts), KNOWN, windower)
    base = [
        Document(f"Article number {n} says something else. " * 3, (), f"b{n}") for n in range(20)
    ]
    known = {f"b{n}" for n in range(17)}
    shared = shared_out(material, base, [], known, folds=2, seed=0)
    assert {*(one.id for one in shared.judged)} == {
        "b17",
        "b18",
        "b19",
        *({x.id for x in shared.judged} & known),
    }
    assert len(shared.judged) == 4
    assert not {one.id for one in shared.judged} & {one.document.id for one in shared.base}
    assert shared.known == (0, 1)


def test_an_article_is_never_on_both_sides(windower: Any) -> None:
    """Not even if its texts say different things."""
    texts = [("They are puppets.", [(0, 4, "doubt")], "a"), ("Who, me?", [(0, 3, "doubt")], "b")]
    material = prepared(reading(*texts), KNOWN, windower)
    base = [Document(f"The {n} hens are hungry.", (), f"{n}") for n in range(20)]
    guard = [Document(f"All {n} cows went home.", (), f"{n}") for n in range(3)]
    shared = shared_out(
        material,
        base,
        guard,
        set(),
        folds=2,
        seed=0,
        base_groups=["article 0", "c", *map(str, range(18))],
        guard_groups=["article 1", "c", "d"],
    )
    assert [one.id for one in shared.judged] == ["1", "2"]
    assert {"0", *map(str, range(2, 20))} == {one.document.id for one in shared.base}
    placed = dict(zip([one.document.id for one in shared.base], shared.folds[2:], strict=False))
    assert placed["0"] == shared.folds[0]
    both = "articles that the new data and the {} both hold texts of: 1 (article {})"
    together = "All texts of an article are kept on the same side of every split"
    assert shared.warnings == (
        f"{both.format('old data', 0)}. {together}",
        f"{both.format('guard set', 1)}. {together}",
        "guard texts left out: 1. The new data hold their articles, or nearly the same texts, so "
        "they are learnt from",
    )


def test_whole_articles_of_the_old_data_are_judged_by(windower: Any) -> None:
    texts = [("They are puppets.", [(0, 4, "doubt")], "x"), ("Who, me?", [(0, 3, "doubt")], "y")]
    material = prepared(reading(*texts), KNOWN, windower)
    base = [Document(f"The {n} hens are hungry.", (), f"{n}") for n in range(20)]
    groups = [f"g{n // 4}" for n in range(20)]
    shared = shared_out(material, base, [], set(), folds=2, seed=0, base_groups=groups)
    assert len(shared.judged) == len(shared.judged_groups) == 4
    assert len({*shared.judged_groups}) == 1


def test_texts_that_name_no_article_are_told_of(windower: Any, tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    rows = [
        {"text": text, "spans": [{"start": 0, "end": 4, "label": "doubt"}], "verdict": "correct"}
        for text in ("They are puppets.", "Who, me?")
    ]
    for fields, told in (({}, True), ({"article": "7"}, False), ({"source": "8"}, False)):
        named = [rows[0], rows[1] | fields]
        path.write_text("".join(json.dumps(row) + "\n" for row in named), encoding="utf-8")
        found = prepared(read([path]), KNOWN, windower)
        assert any("no text names its article" in line for line in found.warnings) == told


def test_wrong_files_are_told_of_in_words(tmp_path: Path, tagger: Tagger) -> None:
    """Through the reader, as `retrain` calls it."""
    path = tmp_path / "feedback.jsonl"

    def lines(*records: dict[str, Any]) -> Path:
        path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
        return path

    def record(text: str, *spans: tuple[int, int, str]) -> dict[str, Any]:
        marks = [{"start": a, "end": b, "label": label} for a, b, label in spans]
        return {"text": text, "spans": marks, "verdict": "correct"}

    known = tagger.manifest.labels
    spelt = [(0, 3, "Loaded Language"), (5, 8, "loaded-language"), (9, 12, "loaded_language")]
    found = read([lines(record("One, two and three.", *spelt))], labels=known)
    assert {span.label for span in found.documents[0].spans} == {"loaded_language"}
    assert "label loaded_language goes by 3 names" in " ".join(found.warnings)
    overlapping = record("One, two.", (0, 5, "doubt"), (3, 8, "doubt"))
    found = read([lines(overlapping)], labels=known)
    assert [(s.start, s.end) for s in found.documents[0].spans] == [(0, 8)]
    assert "overlap and were merged" in " ".join(found.warnings)
    twice = record("One, two.", (0, 5, "doubt")), record("One, two.", (0, 5, "slogans"))
    found = read([lines(*twice)], labels=known)
    assert [span.label for span in found.documents[0].spans] == ["slogans"]
    assert "has other labels at" in " ".join(found.warnings)
    with pytest.raises(InputError, match=r"feedback\.jsonl:1: .*9"):
        read([lines(record("One, two.", (0, 50, "doubt")))], labels=known)
    path.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"empty|no known format"):
        read([path], labels=known)

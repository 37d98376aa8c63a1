"""The technique of fragments that someone else marked, with the default model."""

import pytest

from tagger import Classification, Document, InputError, Tagger


def test_fragments_are_classified_in_order(tagger: Tagger, articles: list[Document]) -> None:
    text, gold = articles[0].text, articles[0].spans
    fragments = [(span.start, span.end) for span in reversed(gold)]
    found = tagger.classify(text, fragments)
    assert [(x.start, x.end) for x in found] == fragments
    for one in found:
        assert list(one.scores) == list(tagger.labels)
        assert one.score == one.scores[one.label] == max(one.scores.values())
        assert sum(one.scores.values()) == pytest.approx(1, abs=1e-3)
    assert [tagger.classify(text, [x])[0] for x in fragments] == found
    assert tagger.classify(text, []) == []


def test_a_fragment_given_again_gets_its_next_label(tagger: Tagger) -> None:
    text = "These spineless puppets lied through their teeth."
    found = tagger.classify(text, [(6, 23), (24, 48), (6, 23), (6, 23)])
    again = [found[0], *found[2:]]
    ranked = sorted(found[0].scores.values(), reverse=True)
    assert [x.score for x in again] == ranked[:3]
    assert len({x.label for x in again}) == 3
    many = tagger.classify(text, [(0, 5)] * (len(tagger.labels) + 2))
    assert {x.label for x in many} == set(tagger.labels)
    assert all(isinstance(x, Classification) for x in many)


def test_a_fragment_is_its_tokens_wherever_it_lies(
    tagger: Tagger, articles: list[Document]
) -> None:
    text = "\n".join(article.text for article in articles)
    words = ["faceless bureaucrats", "spineless puppets", "slop", "Eight or gate!", "club"]
    fragments = [(text.rindex(word), text.rindex(word) + len(word)) for word in words]
    windows = tagger.plan([text])
    assert len(windows) > 5
    found = {}
    for one in tagger.locate(text, windows, fragments):
        for row, (first, last) in zip(one.rows.tolist(), one.bounds.tolist(), strict=True):
            found[row] = text[one.window.starts[first] : one.window.ends[last - 1]]
    assert [found[row] for row in range(len(words))] == words
    wider = [(start - 1, end + 1) for start, end in fragments[2:3]]
    assert text[wider[0][0] : wider[0][1]] == " slop "
    (exact,), (spaced,) = (tagger.classify(text, x) for x in (fragments[2:3], wider))
    assert exact.scores == spaced.scores


@pytest.mark.parametrize("fragment", [(3, 3), (4, 3), (-1, 2), (0, 12), (11, 12)])
def test_fragments_that_do_not_fit(tagger: Tagger, fragment: tuple[int, int]) -> None:
    expected = f"fragment 2 is {fragment[0]}-{fragment[1]}:.* has 11"
    with pytest.raises(InputError, match=expected) as caught:
        tagger.classify("Hello there", [(0, 11), fragment])
    assert caught.value.item == 1


@pytest.mark.parametrize("text", ["a  b", "a\0 b", "a\r\nb"])
def test_fragments_without_a_word(tagger: Tagger, text: str) -> None:
    with pytest.raises(InputError, match="fragment 2, 1-3, holds no word") as caught:
        tagger.classify(text, [(0, 4), (1, 3)])
    assert caught.value.item == 1

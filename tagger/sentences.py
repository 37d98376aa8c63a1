"""Where sentences end, by their signs alone: no span crosses such a place."""

import re

__all__ = ["sentence_ends"]

_ABBREVIATIONS = (
    "Mr Ms Mx Dr St Lt vs No e.g i.e "
    "Mrs Sen Rep Gov Gen Col Maj Sgt Rev Hon Jan Feb Mar Apr Jun Jul Aug Sep Oct Nov Dec "
    "Prof Capt Messrs Sept Pres Atty"
)
_CLOSING = r"[\"'\u201d\u2019)\]]"
_GOES_ON = r"\s(?!\s*[a-z])"


def _after_a_word() -> str:
    """Looks back from a full stop: not at an abbreviation, nor at a letter of its own, as of an
    initial or U.S.; "I" ends sentences. `re` asks for words of one length in each look."""
    by_length: dict[int, list[str]] = {1: ["[A-HJ-Z]"]}
    for word in _ABBREVIATIONS.split():
        by_length.setdefault(len(word), []).append(re.escape(word))
    return "".join(rf"(?<!\b(?:{'|'.join(words)})\.)" for words in by_length.values())


_END = re.compile(
    rf"[!?]\s|\.(?<!\.\.){_after_a_word()}\s"
    # What follows a quotation or an omission with a small letter goes on with the sentence.
    rf"|[.!?\u2026]{_CLOSING}+{_GOES_ON}|\u2026{_GOES_ON}|\.(?<=\.\.){_GOES_ON}"
    r"|[\u3002\uff01\uff1f]|[\n\r]"
)


def sentence_ends(text: str) -> list[int]:
    """Code-point offsets after the signs that end a sentence, and white space after them.

    A full stop after a common English abbreviation or a capital letter of its own ends none, and a
    line break always does.
    """
    return [match.end() for match in _END.finditer(text)]

import inspect

import pytest

from tagger import InputError, JobError, ModelError, Span, TaggerError, errors


def test_one_tree_holds_every_error() -> None:
    own = [value for _, value in inspect.getmembers(errors, inspect.isclass)]
    assert set(own) == {TaggerError, InputError, JobError, ModelError}
    for error in (InputError, JobError, ModelError):
        assert error.__bases__ == (TaggerError,)
    assert TaggerError.__bases__ == (Exception,)


def test_the_tree_is_drawn_at_the_top_of_its_file() -> None:
    assert errors.__doc__
    for name in errors.__all__:
        assert name in errors.__doc__


def test_callers_can_tell_their_fault_from_the_installers() -> None:
    assert not issubclass(InputError, ModelError)
    assert not issubclass(ModelError, InputError)


def test_a_message_is_one_line() -> None:
    with pytest.raises(TaggerError) as caught:
        Span(3, 3, "doubt")
    assert len(str(caught.value).splitlines()) == 1

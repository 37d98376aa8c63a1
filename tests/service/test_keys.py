"""Keys: their file, and the command that makes them."""

import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from service import Settings, create_app
from service.__main__ import main
from service.keys import Keys, Scope, add_key, read_keys
from tagger import InputError, Tagger

HASH = "sha256:" + "0" * 64


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def test_a_key_is_printed_once_and_kept_as_a_hash(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["key", "new", "--scopes", "tag,feedback", "--name", "cms", "--keys", str(file)]
    assert main(command) == 0
    printed, said = capsys.readouterr()
    secret = printed.strip()
    assert secret.startswith("tagger_")
    assert len(secret) == 50
    assert secret not in said + file.read_text()
    [key] = read_keys(file)
    assert (key.name, key.scopes) == ("cms", {Scope.TAG, Scope.FEEDBACK})
    assert key.digest == sha256(secret.encode()).digest()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_command_takes_the_file_of_the_settings(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TAGGER_KEYS", str(file))
    file.write_text(f"# ours\nold tag {HASH}  # no end of line")
    for name in ("a", "b"):
        assert main(["key", "new", "--scopes", "admin", "--name", name]) == 0
    assert [key.name for key in read_keys(file)] == ["old", "a", "b"]
    first, second = capsys.readouterr().out.split()
    assert first != second


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--name", "old", "--scopes", "tag"], "has a key old already"),
        (["--name", "a b", "--scopes", "tag"], "a name is 1 to 64 of"),
        (["--name", "x" * 65, "--scopes", "tag"], "a name is 1 to 64 of"),
        (["--name", "new", "--scopes", "tag,root"], "no scope is 'root'; there are tag, "),
        (["--name", "new", "--scopes", ""], "no scope is ''"),
        (["--name", "new"], "required: --scopes"),
        (["--name", "new", "--scopes", "tag", "--keys", "/dev/null/keys"], "Not a directory"),
    ],
)
def test_bad_keys_are_one_line(
    file: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(f"old tag {HASH}\n")
    with pytest.raises(SystemExit) as stop:
        main(["key", "new", "--keys", str(file), *options])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert file.read_text() == f"old tag {HASH}\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file or directory; `tagger-service key new` makes the file"),
        (b"\xff", "it is not UTF-8"),
        (b"cms tag", "line 1: a line is NAME SCOPE,SCOPE sha256:HEX"),
        (f"# a\n\ncms root {HASH}".encode(), "line 3: no scope is 'root'"),
        (f"cms tag, {HASH}".encode(), "line 1: no scope is ''"),
        (b"cms tag sha256:00", "line 1: the hash is sha256: and 64 digits"),
        (b"cms tag tagger_xyzzy", "line 1: the hash is sha256: and 64 digits"),
        (f"c/ms tag {HASH}".encode(), "line 1: a name is"),
        (f"cms tag {HASH}\ncms tag {HASH}".encode(), "line 2: there is a key cms already"),
    ],
)
def test_a_file_that_does_not_fit(
    file: Path, content: bytes | None, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match="keys") as wrong:
        create_app(Settings(keys=file))
    assert message in str(wrong.value)
    assert "xyzzy" not in str(wrong.value)
    with pytest.raises(SystemExit):
        main(["--keys", str(file)])
    last = capsys.readouterr().err.splitlines()[-1]
    assert "--keys or TAGGER_KEYS: " in last
    assert message in last


def test_changes_of_the_file_count_at_once(file: Path, tagger: Tagger) -> None:
    first = add_key(file, "first", ["tag"])
    client = create_app(Settings(keys=file), tagger).test_client()

    def status(secret: str) -> int:
        return client.get("/v1/labels", headers={"X-API-Key": secret}).status_code

    second = add_key(file, "second", ["tag"])
    assert [status(first), status(second)] == [200, 200]
    kept = file.read_text()
    file.write_text("half a li")  # an editor at work: what was read last still holds
    assert [status(first), status(second)] == [200, 200]
    file.write_text("".join(line for line in kept.splitlines(True) if "first" not in line))
    assert [status(first), status(second)] == [401, 200]
    file.write_text("")  # not the same as no file: nobody is let in
    assert [status(first), status(second)] == [401, 401]
    file.unlink()
    assert status(second) == 401


def test_keys_are_compared_with_all(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = [add_key(file, f"key{n}", ["tag"]) for n in range(3)]
    keys = Keys(file)
    compared: list[bytes] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return one == other

    monkeypatch.setattr("service.keys.compare_digest", compare)
    found = keys.find(secrets[0])
    assert found is not None
    assert found.name == "key0"
    assert len(compared) == 3


def test_a_server_with_keys(serve: Callable[..., Any], file: Path) -> None:
    secret = add_key(file, "cms", ["tag"])
    service = serve("--keys", str(file))
    assert service.ask("/v1/tag", {"text": "xyzzy"})[0] == 401
    assert service.ask("/v1/tag", {"text": "xyzzy"}, Authorization=f"Bearer {secret}")[0] == 200
    lines = service.lines()
    assert [line.get("key") for line in lines if line.get("route") == "/v1/tag"] == [None, "cms"]
    assert {"gunicorn.error", "service.engine", "service.tracing"} <= {
        line["logger"] for line in lines
    }
    log = service.log.read_text()
    assert secret not in log
    assert "xyzzy" not in log

"""What every package's tests share: the default model, and the project's own small corpus."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tagger import Document, Manifest, Tagger

ROOT = Path(__file__).parent.parent

# A first call to the model takes longer than hypothesis allows an example by default.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def tagger() -> Tagger:
    """The default model, loaded once."""
    return Tagger.load(ROOT / "models" / "default")


@pytest.fixture(scope="session")
def remake() -> Callable[..., Path]:
    """Makes a model folder of links to the default model's files, and its manifest changed."""
    default = ROOT / "models" / "default"

    def make(folder: Path, **changes: Any) -> Path:
        folder.mkdir(parents=True)
        manifest = Manifest.read(default)
        for name in manifest.files:
            (folder / name).symlink_to(default / name)
        replace(manifest, **changes).write(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def articles() -> list[Document]:
    """The twelve invented articles of tests/articles, with their gold spans."""
    from training.ptc import read_ptc  # here, since it imports the datasets library

    return read_ptc(ROOT / "tests" / "articles")


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """The path of a program. Where it is missing the test is skipped; in CI, which installs all
    that tests need, it fails."""

    def find(name: str) -> str:
        if path := shutil.which(name):
            return path
        reason = f"{name} is not installed (see `make test-system`)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)

    return find


@pytest.fixture(scope="session")
def browser(program: Callable[[str], str]) -> Iterator[Any]:
    """Debian's chromium, one for all tests: Playwright runs once in a process."""
    playwright = pytest.importorskip("playwright.sync_api", reason="comes with the extra `dev`")
    chromium = program("chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass(frozen=True)
class Opened:
    """A page of a browser: the requests it has made, and what it has logged or thrown."""

    page: Any
    asked: list[Any] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def urls(self) -> list[str]:
        """What it has asked for, but for what it holds itself."""
        return [one.url for one in self.asked if not one.url.startswith("data:")]

    def close(self) -> None:
        """No more comes to `asked` and `complaints`."""
        self.page.context.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Opens an address, as if in a browser of its own with these options."""
    pages = []

    def open_page(address: str, **options: Any) -> Opened:
        opened = Opened(browser.new_context(**options).new_page())
        pages.append(opened)
        opened.page.set_default_timeout(120_000)
        opened.page.on("request", lambda request: opened.asked.append(request))
        opened.page.on("console", lambda message: opened.complaints.append(message.text))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.goto(address)
        return opened

    yield open_page
    for opened in pages:
        opened.close()

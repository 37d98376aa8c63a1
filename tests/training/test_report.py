"""The page of `measure --report`: its figures, its HTML, what it keeps to itself, and its looks."""

import io
import json
import re
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import joblib
import pytest

from tagger import Document, Span, Tagger
from training.cli import main
from training.evidence import Evidence
from training.fit import Fitted
from training.folder import Base, taxonomy
from training.report import report

VOID = {"meta", "link", "br", "hr", "img", "input"}
EMPTY_IN_SVG = {"g", "path", "use", "rect"}


class Page(HTMLParser):
    """Fails on elements that are not closed in order; keeps attributes and texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.rows: list[list[str]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in EMPTY_IN_SVG
        assert "svg" in self.open
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)
        if {"th", "td"} & {*self.open}:
            self.rows[-1][-1] += data

    def values(self, name: str) -> list[str]:
        return [value for _, own, value in self.attributes if own == name]


def run(command: str, **paths: Path) -> Any:
    """What a command prints, as JSON."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert main([word.format(**paths) for word in command.split()]) == 0
    return json.loads(printed.getvalue())


@pytest.fixture(scope="module")
def measured(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The page of the packaged model on the small corpus, and the figures printed beside it."""
    path = tmp_path_factory.mktemp("report") / "pages" / "page.html"
    corpus, model = root / "tests" / "articles", root / "models" / "default"
    figures = run(
        "measure --data {corpus} --model {model} --report {page}",
        corpus=corpus,
        model=model,
        page=path,
    )
    return path, figures


@pytest.fixture(scope="module")
def html(measured: tuple[Path, Any]) -> str:
    return measured[0].read_text("utf-8")


def bounded(figures: Any, name: str) -> str:
    low, high = figures["interval" if name == "f1" else f"{name}_interval"]
    return f"{figures[name]:.3f} {low:.3f}–{high:.3f}"


def test_figures_are_those_that_measure_prints(
    root: Path, tagger: Tagger, measured: tuple[Path, Any], html: str
) -> None:
    figures = measured[1]
    corpus = root / "tests" / "articles"
    assert run("measure --data {corpus} --limit 12", corpus=corpus) == figures
    page = Page(html)
    names = {label.id: label for label in tagger.manifest.labels}
    assert page.rows[0][1:] == [
        "Gold spans",
        "Marked",
        "Precision",
        "Recall",
        "F1",
        "Threshold",
    ]
    rows = {row[0]: row[1:] for row in page.rows[1:]}
    assert len(rows) == len(names) + 1
    for label, own in [*figures["flc_by_label"].items(), ("all", figures["flc"])]:
        known = names.get(label)
        assert rows[known.name if known else "All techniques"] == [
            str(own["gold"]),
            str(own["predicted"]),
            bounded(own, "precision") if own["predicted"] else "–",
            bounded(own, "recall"),
            bounded(own, "f1"),
            f"{known.threshold:.2f}" if known else "–",
        ]
    for measure in ("flc", "si", "tc"):
        low, high = figures[measure]["interval"]
        shown = f"{figures[measure]['f1']:.3f}</dd><dd>({low:.3f}–{high:.3f})</dd>"
        assert f'<dd class="f1">{shown}' in html
    assert page.texts["dd"][-4:] == [
        f"{figures['calibration'][name]:.3f}"
        for name in (
            "expected_calibration_error",
            "brier",
            "brier_of_base_rate",
            "area_under_roc",
        )
    ]
    assert f"The {figures['calibration']['candidates']} candidates" in html
    assert "Figures on articles that a model learnt from are too good." in html


def test_the_matrix_holds_the_right_names(measured: tuple[Path, Any], html: str) -> None:
    """Cells in bold are on the diagonal: counts of fragments that got their own label."""
    matrix = html[html.index('id="confusions"') :]
    cells = re.findall(r"font-weight: 700[^>]*>(\d+)%</text>", matrix)
    recall = measured[1]["tc"]["recall_by_label"]
    assert sorted(map(int, cells)) == sorted(round(100 * x) for x in recall.values() if x)


def test_it_is_valid_html_that_asks_for_nothing(html: str) -> None:
    page = Page(html)
    assert html.startswith("<!DOCTYPE html>\n")
    ids = page.values("id")
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    assert {*page.values("aria-labelledby")} <= {*ids}
    links = [*page.values("href"), *re.findall(r"url\(([^)]*)\)", html)]
    assert {link for link in links if not link.startswith("#")} == {"data:,"}
    assert {link.removeprefix("#") for link in links if link.startswith("#")} <= {*ids}
    assert {"src", "srcset", "xlink:href"} & {name for _, name, _ in page.attributes} == set()
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    tags = {tag for tag, _, _ in page.attributes} | {*page.texts}
    assert {"script", "iframe", "image", "object"} & tags == set()
    assert "://" not in html
    assert "@import" not in html
    assert "$" not in html


def test_plots_have_the_colours_of_the_page(html: str) -> None:
    plots = re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)
    assert len(plots) == 1 + 14 + 1 + 1
    defined = {*re.findall(r"(--\w+): ", html)}
    for plot in plots:
        colours = {*re.findall(r"(?:fill|stroke): ([^;\"]*)", plot)}
        assert {f"var({name})" for name in defined} | {"none"} >= colours
        assert "var(--line)" in colours or "AP –" in html
        assert re.match(r'<svg viewBox="[\d. ]+" role="img" aria-label="[^"]+">', plot)
        assert "font-family" not in plot


def shared(page: str, articles: list[Document]) -> list[str]:
    """Runs of four words that the page has in common with an article."""
    words = " ".join(re.findall(r"\w+", re.sub(r"<[^>]*>", " ", page)))
    found = []
    for article in articles:
        own = re.findall(r"\w+", article.text)
        runs = (" ".join(own[place : place + 4]) for place in range(len(own) - 3))
        found += [run for run in runs if run in words]
    return found


def test_it_holds_no_text_of_an_article(html: str, articles: list[Document]) -> None:
    assert shared(html, articles) == []
    start = articles[3].text[:60]
    assert shared(html + start, articles)


def test_the_page_of_a_fit(
    root: Path, tiny_base: Base, tmp_path: Path, articles: list[Document]
) -> None:
    """Out of fold, and from what the fit keeps alone."""
    places = {"corpus": root / "tests" / "articles", "base": tiny_base.folder, "work": tmp_path}
    fitted = run("fit --data {corpus} --encoder {base} --work {work} --limit 6", **places)
    assert fitted["folds"] == 3
    kept = (tmp_path / "fitted.joblib").read_bytes()
    for article in articles[:6]:
        assert article.text[:40].encode() not in kept
    page = tmp_path / "page.html"
    assert run("measure --work {work} --report {page}", page=page, **places) == fitted
    html = page.read_text("utf-8")
    assert "Out of fold: the articles are parted into 3 folds" in html
    assert "too good" not in html
    rows = {row[0]: row for row in Page(html).rows}
    assert rows["All techniques"][5] == bounded(fitted["flc"], "f1")
    for label in joblib.load(tmp_path / "fitted.joblib").labels:
        assert rows[label.name][-1] == f"{label.threshold:.2f}"
    run("measure --work {work} --report {page}", page=page, **places)
    assert page.read_text("utf-8") == html
    assert run("measure --work {work}", **places) == fitted


def test_a_fit_of_an_older_release(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fitted = Fitted(None, (), {}, {}, Evidence((), (), (), ()))  # type: ignore[arg-type]
    del vars(fitted)["evidence"]
    joblib.dump(fitted, tmp_path / "fitted.joblib")
    assert main(["measure", "--work", str(tmp_path)]) == 2
    assert "fitted.joblib is damaged or of another release" in capsys.readouterr().err


def judged(gold: list[Span], predicted: list[Span], named: list[Span]) -> str:
    """The page of one document, made with a model that knows `doubt` alone."""
    documents = [Document("x" * 100, tuple(spans), "1") for spans in (gold, predicted)]
    evidence = Evidence.of(documents[:1], documents[1:], documents[1:], [named])
    figures = evidence.figures() | {"model": {"name": "a <b> & $c", "sha256": "0" * 64}}
    page = report(evidence, taxonomy(["doubt"]), figures)
    Page(page)
    return page


def test_a_corpus_without_labels() -> None:
    page = judged([], [], [])
    assert "There is no gold fragment to name." in page
    assert "Candidates scored 0.05 or more: 0." in page
    assert "(average precision) is not defined" in page


def test_nothing_that_is_marked_is_right() -> None:
    gold = [Span(0, 9, "doubt")]
    page = judged(gold, [Span(20, 29, "doubt", 0.3)], gold)
    assert "Candidates scored 0.05 or more: 1." in page
    assert "precision 0.000, recall 0.000" in page


def test_labels_that_the_model_lacks_and_names_that_need_care() -> None:
    gold = [Span(0, 9, "cold_water"), Span(20, 29, "doubt")]
    marked = [Span(20, 29, "doubt", 0.7), Span(40, 50, "doubt", 0.4)]
    page = judged(gold, marked, [replace(span, label="doubt") for span in gold])
    rows = {row[0]: row[1:] for row in Page(page).rows}
    assert [rows["cold water"][place] for place in (0, 1, 2, 5)] == ["1", "0", "–", "–"]
    assert rows["Doubt"][:2] == ["1", "2"]
    assert "Most often mistaken: cold water named Doubt (1)." in page
    assert "<h1>Accuracy of the model a &lt;b&gt; &amp; $c</h1>" in page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_the_screen(
    open_page: Any, measured: tuple[Path, Any], width: int, scheme: str
) -> None:
    size = {"width": width, "height": 800}
    shown = open_page(measured[0].as_uri(), viewport=size, color_scheme=scheme)
    page = shown.page
    sizes = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    paper, ink, tick = page.evaluate(
        """["body", "h1", "#pr-text_1 text"].map((at, place) => {
            const style = getComputedStyle(document.querySelector(at));
            return [style.backgroundColor, style.color, style.fill][place];
        })"""
    )
    drawn = page.locator("svg").evaluate_all(
        "plots => plots.map(plot => plot.getBoundingClientRect().width)"
    )
    smallest = page.locator("svg text").evaluate_all(
        "texts => Math.min(...texts.map(text => text.getBoundingClientRect().height))"
    )
    shown.close()
    assert sizes == [width, width]
    assert min(drawn) > 100
    assert smallest > 7
    bright = {
        name: sum(map(int, re.findall(r"\d+", colour)[:3]))
        for name, colour in {"paper": paper, "ink": ink, "tick": tick}.items()
    }
    assert (bright["paper"] > 384) == (scheme == "light")
    assert (bright["ink"] > 384) == (bright["tick"] > 384) == (scheme == "dark")
    assert shown.urls() == [measured[0].as_uri()]
    assert shown.complaints == []

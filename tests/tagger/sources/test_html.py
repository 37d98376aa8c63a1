"""What is read of HTML, and where it stood."""

import json
import re
from pathlib import Path

import pytest

from tagger.sources import Source, read_source
from tagger.spans import Document, Span


def read(html: str) -> Source:
    return read_source(html, "text/html")


def blocks(html: str) -> list[str]:
    return read(html).text.split("\n\n") if read(html).text else []


# What is tagged of a piece of HTML: its blocks.
BLOCKS: dict[str, list[tuple[str, list[str]]]] = {
    "blocks": [
        ("", []),
        ("just text", ["just text"]),
        ("<p>One</p><p>Two</p>", ["One", "Two"]),
        ("<p>One<p>Two<div>Three</div>four", ["One", "Two", "Three", "four"]),
        ("<DIV>One</DIV\n>two<Hr>three", ["One", "two", "three"]),
        ("<ul><li>a<li>b</ul>c", ["a", "b", "c"]),
        ("<table><tr><td>a<td>b<tr><th>c</table>", ["a", "b", "c"]),
        ("<p>\n  One\n</p>\n\n<p>&nbsp;</p> \n<p></p>", ["One\n"]),
        ("a</p>b", ["a", "b"]),
        ("<h1>a</h1>b", ["a", "b"]),
        ("a<x-card>b</x-card>c", ["abc"]),
        ("<pre>  a\n    b\n</pre>", ["a\n    b\n"]),
        ("<textarea>a <b> &amp;</textarea>c", ["a <b> &", "c"]),
        ("<xmp>a <b> &amp;</xmp>c", ["a <b> &amp;", "c"]),
        ("a<plaintext>b</plaintext><p>", ["a", "b</plaintext><p>"]),
    ],
    "inline": [
        ("the <b>gr<i>ee</i>dy</b> few", ["the greedy few"]),
        ("gre<!-- more -->edy", ["greedy"]),
        ("gre<!-- wp:paragraph --><wbr>edy", ["greedy"]),
        ("one<br>two<BR/>three</br>four", ["one\ntwo\nthree\nfour"]),
        ("one<img src=a>two<input>three", ["one two three"]),
        ("<br>one<img>", ["one "]),
        ("one<br><br>two", ["one", "two"]),
        ("white  \t space\r\nstays\fas\rit\u2028is", ["white  \t space\r\nstays\fas\rit\u2028is"]),
    ],
    "references": [
        ("&lt;b&gt; &amp;amp; &quot;x&apos;", ["<b> &amp; \"x'"]),
        ("&#65;&#x42;&#X43;&#68 &#0069;", ["ABCD E"]),
        ("a&nbsp;b&shy;c", ["a\xa0b\xadc"]),
        ("&copy &copyright &notit; &notin; &ampamp;", ["© ©right ¬it; ∉ &amp;"]),
        ("&fjlig;ord &nvlt;", ["fjord <\u20d2"]),
        (
            "& && &; &# &#; &#x; &#xg; &nosuch; &Copy;",
            ["& && &; &# &#; &#x; &#xg; &nosuch; &Copy;"],
        ),
        ("&#0;&#xD800;&#x110000;&#99999999999999;", ["\ufffd" * 4]),
        ("&#128;&#x93;&#150;&#x81;", ["€“–\x81"]),
        ("&#1;&#xFFFF;&#x1F4A9;", ["\x01\uffff💩"]),
        ("&" + "a" * 60 + ";", ["&" + "a" * 60 + ";"]),
        ("<a href='?x=1&copy=2'>link</a>", ["link"]),
    ],
    "not read": [
        ("a<script>b</script>c", ["a", "c"]),
        ("a<script src=x></script>b", ["ab"]),
        ("<SCRIPT>'</p>' < \"</scripty>\"</SCRIPT >b", ["b"]),
        ("<script><!-- <script>a</script> --></script>b", ["b"]),
        ("<script><!-- a</script>b", ["b"]),
        ("<script>a", []),
        ("a<style>p > b {}</style>c", ["a", "c"]),
        ("<!doctype html><html><head><title>a &lt;</title></head><body>b", ["b"]),
        ("<noscript><p>a</p></noscript><iframe>b</iframe><noembed>c</noembed>d", ["d"]),
        ("a<template><p>b<template>c</template>d</template>e", ["a", "e"]),
        ("a<svg><title>b</title><path/></svg>c", ["a ", "c"]),
        ("a<svg><path/></svg>b<svg/>c", ["a b c"]),
        ("<svg><style>a</style><![CDATA[ b > </svg> ]]></svg>c", ["c"]),
        ("<svg><text>a<p>b</p>c", ["b", "c"]),
        ("<math><mi>x</mi>y</p>z", ["z"]),
        ("a<video><p>b</p></video>c<audio>d</audio><canvas>e</canvas>", ["a ", "c "]),
        ("<datalist><option>a</datalist>b", ["b"]),
    ],
    "hidden": [
        ("<p hidden>a</p>b", ["b"]),
        ("<p hidden>a<p>b", ["b"]),
        ("<p hidden>a<ul><li>b</ul>", ["b"]),
        ("<p hidden>a<li>b", ["b"]),
        ("a<span HIDDEN=''>b<i>c</i></span>d", ["a", "d"]),
        ("a<span hidden></span>b", ["ab"]),
        ("<ul><li hidden>a<ul><li>b</ul>c<li>d</ul>", ["d"]),
        ("<dl><dt hidden>a<dd>b</dl>", ["b"]),
        ("<div hidden><p>a</p></p></div>b", ["b"]),
        ("<div hidden>a<div>b</div>c</div>d", ["d"]),
        ("<div hidden>a</span></div>b", ["b"]),
        ("<table><tr><td hidden>a<td>b<tr hidden><td>c<tr><td>d</table>", ["b", "d"]),
        ("<table hidden><tr><td>a<p></div>b</table>c", ["c"]),
        ("<tr hidden><td hidden>a", ["a"]),
        ("<h2 hidden>a</h3>b", ["b"]),
        ("<select><option hidden>a<option>b</select>", ["b"]),
        ("<p style='color: red; Display : NONE'>a</p>b", ["b"]),
        ('<p style="display:none-such">a', ["a"]),
        ("<p title='hidden' class=hidden data-hidden>a", ["a"]),
        ("<p title=\"'\" hidden title='>'>a", []),
        ("<p hidden", []),
        ("<div hidden>a", []),
    ],
    "broken": [
        ("a < b <3 <", ["a < b <3 <"]),
        ("a </", ["a </"]),
        ("a</>b</ p>c<?php d?>e<!x>f", ["abcef"]),
        ("a<!-->b<!--->c<!-- --!>d<!-- -- >e-->f", ["abcdf"]),
        ("a<!-- b", ["a"]),
        ("a<p", ["a"]),
        ("a<b title='c>d", ["a"]),
        ("a<b title=c'>d", ["ad"]),
        ("a<b title=\"c>d\" e='>'f=g>h", ["ah"]),
        ("a<b =c>d<b/c/>e<b / >f<b c = >g", ["adefg"]),
        ("a<![CDATA[ b <i>c</i> ]]>d", ["ac ]]>d"]),
        ("a<<b>b</b>>", ["a<b>"]),
        ("</b></div>a</i>", ["a"]),
        ("\0a\0", ["\0a\0"]),
    ],
}


@pytest.mark.parametrize(
    ("html", "expected"), [row for rows in BLOCKS.values() for row in rows], ids=lambda x: str(x)
)
def test_blocks(html: str, expected: list[str]) -> None:
    assert blocks(html) == expected


# HTML, a part of what is tagged, and the slice of the HTML that it comes from.
SLICES = [
    ("<p>the <b>greedy</b> few", "greedy", "greedy"),
    ("<p>the <b>gr<i>ee</i>dy</b> few", "greedy", "gr<i>ee</i>dy"),
    ("<p>the <b>greedy</b> <i>few</i>", "greedy few", "greedy</b> <i>few"),
    ("a&amp;b", "&", "&amp;"),
    ("R&D", "&D", "&D"),
    ("x &lt;y&gt z", "<y>", "&lt;y&gt"),
    ("caf&eacute society", "café", "caf&eacute"),
    ("&copyright", "right", "right"),
    ("the &fjlig;ord", "jord", "&fjlig;ord"),
    ("the &fjlig;ord", "f", "&fjlig;"),
    ("one\r\ntwo\rthree\ffour\u2028five", "five", "five"),
    ("\r\n\r\n<p\r\ntitle='\r\n'>\r\nbad &#10; liar", "bad \n liar", "bad &#10; liar"),
    ("💩<b title='💩'>💩 liar</b>", "liar", "liar"),
    ("one<br>two", "one\ntwo", "one<br>two"),
    ("one<img><br>two", " \ntwo", "<img><br>two"),
    ("one<!-- x --> two", "one two", "one<!-- x --> two"),
    ("<p>one<p>two", "two", "two"),
    ("a <b>< b", "< b", "< b"),
]


@pytest.mark.parametrize(("html", "part", "expected"), SLICES)
def test_offsets_index_the_html_as_sent(html: str, part: str, expected: str) -> None:
    source = read(html)
    start, end = source.to_raw(at := source.text.index(part), at + len(part))
    assert html[start:end] == expected


def test_a_document_of_what_was_sent() -> None:
    source = read("<p>The <b>greedy</b> few</p>")
    tagged = Document(source.text, (Span(4, 14, "doubt", 0.5), Span(0, 3, "doubt")), "p1")
    assert source.document(tagged) == Document(
        source.raw, (Span(10, 24, "doubt", 0.5), Span(3, 6, "doubt")), "p1"
    )


@pytest.mark.parametrize(
    ("file", "held", "left_out"),
    [
        ("cards", 'The liar’s own words|Minister of shame|heroes" & their lackeys', "browser"),
        (
            "drupal_ckeditor",
            "sons & daughters|these foolspuppets really|What next1?",
            "vermin|traitors",
        ),
        ("legacy_table", "naïve theories & their|café society,|the flag & the oath", "slander"),
        ("live_blog", "spoilt brats and blackmailers|crush(krʌʃ) us", "Embargoed|coward|Template"),
        ("newsletter", "have poisoned our wells & our trust", "crooks|Vile|traitors|weekly"),
        ("reader_comment", "paid liar and everyone|AT&T and R&D|3 < 4 buses & a < b", "mayor"),
        ("whole_page", "our sacred dignity|could call that pro\xadgress", "liars|crooks|Monsters"),
        ("word_paste", "parasites and thieves|Enough…|“Enough!” 🤬", "Symbol|urn:|endif"),
        ("wordpress_blocks", "his gang of greedy hypocrites have betrayed this town", "liars|wp:"),
        ("wordpress_classic", "two-faced liar as Director Pell", "more-->|bus.jpg"),
    ],
)
def test_pages_of_content_management_systems(
    file: str, held: str, left_out: str, root: Path
) -> None:
    raw = (root / "tests" / "pages" / f"{file}.html").read_bytes().decode()
    text = read(raw).text
    assert [part for part in held.split("|") if part not in text] == []
    assert [part for part in left_out.split("|") if part in text] == []


def test_the_documented_example(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    [html] = re.findall(r"^`(<!-- wp:paragraph -->.+)` has$", readme, re.MULTILINE)
    span = json.loads(readme[readme.index(html) :].split("```")[1].removeprefix("json"))
    assert read(html).quote(span["start"], span["end"]) == span["text"]
    assert html[span["start"] : span["end"]].startswith(span["text"].split()[0])
    assert html[span["start"] : span["end"]].endswith(span["text"].split()[-1])

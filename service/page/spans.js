// Which spans are shown, and how a text is cut to draw them. Nothing here touches the page.
// Offsets are half-open and count UTF-16 code units, as JavaScript's strings do.

const HUES = 7;
const STYLES = 4;
const SMALL_WORDS = new Set(["a", "ad", "an", "and", "of", "or", "the", "to", "vs"]);
const LAST_STOP = 6;

/** What every lowest score is multiplied by at a stop of the slider, -6 to 6: 1 in the middle. */
export function factor(stop) {
  return stop >= LAST_STOP ? 0 : 2 ** (-stop / 2);
}

/** In the order of the REST interface: by start, the longer first, then by label. */
export function inOrder(one, other) {
  return (
    one.start - other.start || other.end - one.end || (one.label < other.label ? -1 : 1)
  );
}

/** The model's spans at a stop of the slider. `labels` maps an id to its entry. */
export function atStop(spans, labels, stop) {
  const times = factor(stop);
  return spans.filter((span) => span.score >= labels.get(span.label).threshold * times);
}

/** A map of id to label, each with its place, its letters and the classes it is drawn with. */
export function legend(labels) {
  const taken = new Set();
  return new Map(
    labels.map((label, place) => {
      const letters = abbreviation(label.name, taken);
      taken.add(letters);
      const style = Math.floor(place / HUES) % STYLES;
      return [label.id, { ...label, letters, look: `hue-${place % HUES} style-${style}` }];
    }),
  );
}

function abbreviation(name, taken) {
  const words = (name.match(/[\p{L}\p{N}]+/gu) ?? []).filter(
    (word) => !SMALL_WORDS.has(word.toLowerCase()),
  );
  const short =
    words.length > 1
      ? words.slice(0, 3).map((word) => [...word][0]).join("").toUpperCase()
      : (words[0] ?? "?").slice(0, 2);
  let found = short;
  for (let number = 2; taken.has(found); number += 1) found = `${short}${number}`;
  return found;
}

/** The text cut wherever a span starts or ends: pieces {start, end, spans}, none of them empty. */
export function segments(length, spans) {
  const starting = Map.groupBy(spans, (span) => span.start);
  const cuts = new Set([0, length, ...spans.flatMap((span) => [span.start, span.end])]);
  const edges = [...cuts].sort((one, other) => one - other);
  let open = [];
  return edges.slice(0, -1).map((start, place) => {
    open = [...open.filter((span) => span.end > start), ...(starting.get(start) ?? [])];
    return { start, end: edges[place + 1], spans: open };
  });
}

/** The line below the text that each span is drawn on: the highest that is free. */
export function lanes(spans) {
  const found = new Map();
  const ends = [];
  for (const span of spans) {
    let lane = ends.findIndex((end) => end <= span.start);
    if (lane < 0) lane = ends.length;
    ends[lane] = span.end;
    found.set(span, lane);
  }
  return found;
}

/** A part of a text without white space at its edges, or null if nothing else is in it. */
export function trimmed(text, start, end) {
  const part = text.slice(start, end);
  const from = start + part.length - part.trimStart().length;
  const to = end - (part.length - part.trimEnd().length);
  return from < to ? { start: from, end: to } : null;
}

/** An answer of /v1/tag that holds some of its spans only. */
export function answerWith(answer, spans) {
  const [result] = answer.results;
  const highest = {};
  for (const { label, score } of spans) highest[label] = Math.max(highest[label] ?? 0, score);
  const labels = Object.fromEntries(Object.entries(highest).sort());
  return { ...answer, results: [{ ...result, spans, labels }] };
}

// The text with its passages marked, and what a reader points at in it.

import { makeReadOnly, rangeIn, select, selectionIn } from "./selection.js";
import { lanes, segments, trimmed } from "./spans.js";
import { drawn, state } from "./state.js";

// Controls that could reorder what is read, or show as nothing: U+0000 to U+202E and the like.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu;
const PICKED = "picked";

const root = document.getElementById("text");

/** `moved`: the cursor or selection is elsewhere; `hovered`: a mouse is over an offset, or null. */
export function setUp({ moved, hovered, entered, left }) {
  let isPressed = false;
  let over = null;
  const hover = (offset) => {
    if (offset === over) return;
    over = offset;
    hovered(offset);
  };
  const read = () => {
    if (document.activeElement !== root) return;
    const selection = selectionIn(root);
    if (!selection) return;
    const { start, end } = selection;
    const picked = trimmed(state.text, start, end);
    if (picked?.start === state.picked?.start && picked?.end === state.picked?.end) {
      if (picked || start === state.caret) return;
    }
    moved(picked ? { caret: null, picked } : { caret: start, picked: null });
  };
  makeReadOnly(root, draw);
  document.addEventListener("selectionchange", () => {
    if (!isPressed) read();
  });
  root.addEventListener("focus", () => {
    // The card's buttons lead from passage to passage without the cursor: it follows here.
    if (!isPressed && state.caret !== null && !state.picked) select(root, state.caret, state.caret);
  });
  root.addEventListener("pointerdown", () => {
    isPressed = true;
    root.classList.add("pointed"); // who points at a text needs no frame around it
  });
  for (const name of ["pointerup", "pointercancel"]) {
    addEventListener(name, () => {
      if (!isPressed) return;
      isPressed = false;
      setTimeout(read); // once the browser has made up its selection
    });
  }
  root.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse" || event.buttons) return;
    if (!event.movementX && !event.movementY) return; // the page moved, not the mouse
    const mark = event.target.closest("mark");
    hover(mark ? Number(mark.dataset.start) : null);
  });
  root.addEventListener("pointerleave", () => hover(null));
  root.addEventListener("keydown", (event) => {
    root.classList.remove("pointed");
    if (event.key !== "Enter" && event.key !== "Escape") return;
    read(); // the event that tells of the last key before this one may still be on its way
    if (event.key === "Enter") entered();
    else left();
  });
}

/** Draw the text anew; the cursor stays where it was. */
export function draw() {
  const hasFocus = document.activeElement === root;
  const before = hasFocus ? selectionIn(root) : null;
  const spans = drawn();
  const lane = lanes(spans);
  root.replaceChildren(
    ...segments(state.text.length, spans).map((piece) => segment(piece, lane)),
  );
  if (before) select(root, before.start, before.end);
  drawState();
}

/** Show which passage the card is about, and what is picked. */
export function drawState(preview = null) {
  const offset = preview ?? state.caret;
  for (const mark of root.querySelectorAll("mark")) {
    const { start, end } = mark.dataset;
    mark.classList.toggle("current", offset !== null && start <= offset && offset < end);
  }
  if (!globalThis.Highlight) return; // a browser without it shows the selection while it lasts
  if (state.picked) {
    const range = rangeIn(root, state.picked.start, state.picked.end);
    CSS.highlights.set(PICKED, new Highlight(range));
  } else CSS.highlights.delete(PICKED);
}

/** How far below the top of the text an offset stands, in pixels. */
export function placeOf(offset) {
  return top(offset) - root.getBoundingClientRect().top;
}

/** Bring an offset into view. */
export function scrollTo(offset) {
  const isSeen = top(offset) > innerHeight * 0.15 && top(offset) < innerHeight * 0.5;
  if (!isSeen) scrollBy(0, top(offset) - innerHeight * 0.3);
}

/** Scroll so far that an offset is not behind an element at the foot of the window. */
export function uncover(offset, foot) {
  const twoLines = 72;
  const behind = top(offset) + twoLines - foot.getBoundingClientRect().top;
  const isAtFoot = getComputedStyle(foot).position === "sticky";
  if (isAtFoot && top(offset) > 0 && behind > 0) scrollBy(0, behind);
}

function top(offset) {
  return (rangeIn(root, offset, offset + 1).getClientRects()[0] ?? root.getBoundingClientRect()).top;
}

/** Put the keyboard back into the text. */
export function focus() {
  root.focus({ preventScroll: true });
}

function segment({ start, end, spans }, lane) {
  let inner = characters(state.text.slice(start, end));
  if (!spans.length) return inner;
  for (const span of spans) {
    const line = element("span", `${look(span)} line`);
    // No element of their own: the cursor would stop at an empty one.
    if (span.end === end) line.dataset.letters = state.labels.get(span.label).letters;
    line.style.setProperty("--lane", lane.get(span));
    line.append(inner);
    inner = line;
  }
  const right = spans.filter((span) => !state.wrong.has(span));
  const length = (span) => span.end - span.start;
  const shortest = right.reduce(
    (best, span) => (!best || length(span) < length(best) ? span : best), null,
  );
  const mark = element("mark", shortest ? look(shortest) : "wrong");
  Object.assign(mark.dataset, { start, end });
  mark.style.setProperty("--depth", 1 + Math.max(...spans.map((span) => lane.get(span))));
  mark.append(inner);
  return mark;
}

function look(span) {
  return state.wrong.has(span) ? "wrong" : state.labels.get(span.label).look;
}

// Text nodes hold the text and nothing else, so that offsets in them are offsets in the text.
function characters(text) {
  const fragment = document.createDocumentFragment();
  let from = 0;
  for (const { 0: found, index } of text.matchAll(CONTROL)) {
    const control = element("span", "control");
    control.dataset.shown = `U+${found.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
    control.append(found);
    fragment.append(text.slice(from, index), control);
    from = index + found.length;
  }
  fragment.append(text.slice(from));
  return fragment;
}

function element(name, classes) {
  const made = document.createElement(name);
  made.className = classes;
  return made;
}

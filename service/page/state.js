// What the page knows. It lives as long as the page does, and is stored nowhere.

import { atStop, inOrder } from "./spans.js";

export const state = {
  text: "",
  answer: null, // of /v1/tag, with every candidate
  labels: new Map(), // by id, see legend()
  stop: 0, // of the slider
  hidden: new Set(), // ids of labels that are not shown
  wrong: new Set(), // spans of the model that a moderator took out
  added: [], // spans that a moderator marked; they have no score
  caret: null, // offset whose passages the card shows
  picked: null, // {start, end} that is selected, to be marked
};

/** A new text, or none: nothing is left of the one before but what concerns no text. */
export function begin(text, answer) {
  Object.assign(state, { text, answer, caret: null, picked: null });
  undo();
}

/** Take back what the moderator changed. */
export function undo() {
  Object.assign(state, { wrong: new Set(), added: [] });
}

/** Whether the moderator changed anything. */
export function changed() {
  return state.wrong.size + state.added.length > 0;
}

function model() {
  return atStop(state.answer?.results[0].spans ?? [], state.labels, state.stop);
}

const isShown = (span) => !state.hidden.has(span.label);

/** The model's spans that the slider and the filter leave. */
export function found() {
  return model().filter(isShown);
}

/** What is drawn: spans of the model, those taken out among them, and spans of the moderator. */
export function drawn() {
  return [...model(), ...state.added].filter(isShown).sort(inOrder);
}

/** The spans that a verdict is on: before the moderator's changes, or after them. */
export function judged({ corrected }) {
  if (!corrected) return model();
  return [...model().filter((span) => !state.wrong.has(span)), ...state.added].sort(inOrder);
}

/** The spans drawn over the character at an offset. */
export function covering(offset) {
  if (offset === null) return [];
  return drawn().filter((span) => span.start <= offset && offset < span.end);
}

/** Mark a part of the text, in place of a span or beside those there are. */
export function mark(start, end, label, instead = null) {
  if (instead) takeOut(instead);
  const same = (span) => span.start === start && span.end === end && span.label === label;
  const before = model().find(same);
  if (before) state.wrong.delete(before);
  else if (!state.added.some(same)) {
    state.added.push({ start, end, text: state.text.slice(start, end), label });
  }
}

/** Take a span out; one of the model stays in sight, so that it can be put back. */
export function takeOut(span) {
  if (state.added.includes(span)) state.added = state.added.filter((one) => one !== span);
  else state.wrong.add(span);
}

export function putBack(span) {
  state.wrong.delete(span);
}

// The card beside the text: what the passage is, and what a moderator says of it.

import { covering, drawn, mark, putBack, state, takeOut } from "./state.js";
import { drawState, placeOf, scrollTo, uncover } from "./text.js";

const card = document.getElementById("card");
const MOST_QUOTED = 80;

/**
 * Draw the card: what is picked, or the passages at an offset.
 *
 * preview  an offset that a mouse is over; null for where the cursor is
 * act      called with what to do, and the words that say it was done
 */
export function drawCard(act, preview = null) {
  const focused = card.contains(document.activeElement) && document.activeElement.dataset.key;
  const offset = preview ?? state.caret;
  const spans = offset === null ? [] : covering(offset);
  const isPicked = Boolean(state.picked) && preview === null;
  const body = isPicked ? picked(act) : spans.map((span) => note(span, act, preview === null));
  card.replaceChildren(steps(act), ...(body.length ? body : [hint()]));
  card.classList.toggle("idle", !body.length);
  const at = isPicked ? state.picked.start : spans.length ? offset : null;
  if (at !== null) card.style.setProperty("--place", `${Math.max(0, placeOf(at))}px`);
  if (focused) (keyed(focused) ?? first() ?? keyed("next"))?.focus({ preventScroll: true });
  drawState(preview);
}

/** Scroll the passage that the card is about from behind it, where it stands at the foot. */
export function uncoverPassage() {
  const at = state.picked?.start ?? state.caret;
  if (at !== null && !card.classList.contains("idle")) uncover(at, card);
}

/** Lead the keyboard into the card. */
export function focusCard() {
  first()?.focus();
}

/** What a screen reader says of the passages at the cursor. */
export function spoken() {
  return covering(state.caret)
    .map((span) => `${entry(span).name}${span.score === undefined ? "" : `, ${score(span)}`}`)
    .join("; ");
}

/** Go to the passage before or after the one that the card shows. */
export function step(by) {
  const starts = [...new Set(drawn().map((span) => span.start))];
  if (!starts.length) return;
  const here = state.caret ?? (by > 0 ? -1 : Infinity);
  const next = by > 0 ? starts.find((one) => one > here) : starts.findLast((one) => one < here);
  state.caret = next ?? starts.at(by > 0 ? 0 : -1);
  state.picked = null;
  scrollTo(state.caret);
}

function keyed(key) {
  return [...card.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
}

function first() {
  return card.querySelector(".note select, .note button, form select");
}

function steps(act) {
  const starts = [...new Set(drawn().map((span) => span.start))];
  const place = starts.findLastIndex((one) => state.caret !== null && one <= state.caret) + 1;
  const move = (by) => act(() => step(by));
  const count = make("span", "quiet", place ? `place ${place} of ${starts.length}` : "");
  const box = make("p", "steps");
  box.append(button("‹ Previous", "previous", () => move(-1)));
  box.append(count, button("Next ›", "next", () => move(1)));
  for (const one of box.querySelectorAll("button")) one.disabled = !starts.length;
  return box;
}

function hint() {
  return make("p", "quiet", document.getElementById("text-hint").textContent);
}

function note(span, act, canJudge) {
  const { name, definition, look } = entry(span);
  const isWrong = state.wrong.has(span);
  const box = make("section", `note ${look}`);
  const head = make("h3", "", name);
  const by = span.score === undefined ? "marked by you" : score(span);
  head.append(" ", make("span", "score", isWrong ? `${by}, taken out` : by));
  box.append(head, make("q", "", shortened(span.text)), make("p", "definition", definition));
  if (!canJudge) return box;
  const actions = make("p", "actions");
  const key = `${span.start}-${span.end}-${span.label}`;
  if (isWrong) {
    actions.append(button("Put it back", key, () => act(() => putBack(span), `${name} is back.`)));
  } else {
    const choice = techniques(span.label, `Technique of “${shortened(span.text)}”`);
    choice.addEventListener("change", () => {
      const { start, end } = span;
      act(() => mark(start, end, choice.value, span), "The technique is changed.");
    });
    const out = () => act(() => takeOut(span), `${name} is taken out.`);
    actions.append(choice, button("Not right", key, out));
  }
  box.append(actions);
  return box;
}

function picked(act) {
  const { start, end } = state.picked;
  const over = drawn().filter(
    (span) => span.start < end && start < span.end && !state.wrong.has(span),
  );
  const form = make("form", "note own");
  const title = make("h3", "", "Mark this passage");
  const choice = techniques(over[0]?.label, "Technique");
  choice.required = true;
  form.append(title, make("q", "", shortened(state.text.slice(start, end))), choice);
  const done = (instead) => {
    if (!form.reportValidity()) return;
    const then = () => {
      mark(start, end, choice.value, instead);
      Object.assign(state, { picked: null, caret: start });
    };
    act(then, `Marked as ${state.labels.get(choice.value).name}.`, { leave: true });
  };
  const actions = make("p", "actions");
  actions.append(button("Mark", "mark", () => done(null), "primary"));
  for (const span of over.slice(0, 3)) {
    const words = `Instead of ${entry(span).name} “${shortened(span.text, 24)}”`;
    actions.append(button(words, `instead-${span.start}-${span.label}`, () => done(span)));
  }
  form.append(actions);
  form.addEventListener("submit", (event) => event.preventDefault());
  return [form];
}

function techniques(chosen, name) {
  const choice = make("select", "");
  choice.setAttribute("aria-label", name);
  choice.dataset.key = `technique-${name}`;
  if (!chosen) choice.append(new Option("Choose a technique…", ""));
  for (const label of state.labels.values()) choice.append(new Option(label.name, label.id));
  choice.value = chosen ?? "";
  return choice;
}

function entry(span) {
  return state.labels.get(span.label);
}

function score(span) {
  return span.score.toFixed(2);
}

function shortened(words, most = MOST_QUOTED) {
  const flat = words.replace(/\s+/g, " ");
  const signs = [...flat]; // a cut between the halves of an emoji would show
  return signs.length > most ? `${signs.slice(0, most - 1).join("").trimEnd()}…` : flat;
}

function button(words, key, then, classes = "") {
  const made = make("button", classes, words);
  made.type = "button";
  made.dataset.key = key;
  made.addEventListener("click", then);
  return made;
}

function make(name, classes, words = "") {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  if (words) made.append(words);
  return made;
}

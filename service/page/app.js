// The page: what happens when, and what is drawn after it.

import { ask, Trouble, useKey } from "./api.js";
import { drawCard, focusCard, spoken, uncoverPassage } from "./card.js";
import * as controls from "./controls.js";
import { readFile } from "./files.js";
import * as review from "./review.js";
import { legend } from "./spans.js";
import { begin, state } from "./state.js";
import * as text from "./text.js";

const byId = (id) => document.getElementById(id);
const SECONDS_SHOWN = 6;

let model = ""; // whose labels are known
let again = null; // what to try again after trouble
let countdown = 0;
let fading = 0;

/** Words that show for a while, and that screen readers read. */
function say(words) {
  const said = byId("said");
  said.textContent = words;
  said.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => said.classList.remove("shown"), SECONDS_SHOWN * 1000);
}

/** Words for screen readers alone: what the page shows elsewhere. */
function whisper(words) {
  const said = byId("said");
  said.classList.remove("shown");
  if (said.textContent !== words) said.textContent = words;
}

function redraw() {
  text.draw();
  controls.drawCounts();
  review.drawVerdict();
  drawCard(act);
}

/** Do what the card asks for, and draw what follows from it. */
function act(then, words = "", { leave = false } = {}) {
  then();
  redraw();
  if (leave) text.focus();
  whisper(words || spoken());
}

/** Run what may end in trouble; trouble is shown, and can be tried again. */
async function attempt(work) {
  clearInterval(countdown);
  byId("trouble").hidden = true;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    again = () => attempt(work);
    show(error);
  }
}

function show({ message, needsKey = false, seconds = 0, final = false }) {
  byId("trouble-text").textContent = final ? message : `${message} Nothing is lost.`;
  byId("trouble").hidden = false;
  byId("key-form").hidden = !needsKey;
  byId("again").hidden = needsKey || final;
  if (needsKey) byId("key").focus();
  wait(seconds);
}

function wait(seconds) {
  clearInterval(countdown);
  const button = byId("again");
  let left = seconds;
  const tick = () => {
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
    if (left <= 0) clearInterval(countdown);
    left -= 1;
  };
  countdown = setInterval(tick, 1000);
  tick();
}

async function learnLabels() {
  const { model: known, labels } = await ask("v1/labels");
  model = known.sha256;
  state.labels = legend(labels);
  state.hidden = new Set();
  controls.drawLegend();
}

async function tag() {
  const source = byId("source").value;
  if (!source.trim()) {
    say("There is no text yet.");
    byId("source").focus();
    return;
  }
  if (source === state.text && state.answer) {
    compose(false); // as it was left, corrections included
    byId("result-title").focus();
    return;
  }
  busy(true);
  try {
    // Every candidate at once: thresholds only filter, so the slider needs no further request.
    const body = { text: source, thresholds: { default: 0 }, offset_unit: "utf16" };
    const answer = await ask("v1/tag", body);
    if (answer.model.sha256 !== model) await learnLabels();
    begin(source, answer);
  } finally {
    busy(false);
  }
  const { name, version } = state.answer.model;
  byId("model").textContent = `Marked by the model ${name} ${version}.`;
  compose(false);
  redraw();
  whisper(byId("amount").textContent);
  byId("result-title").focus();
}

function busy(is) {
  byId("tag").disabled = is;
  byId("tag").textContent = is ? "Finding techniques…" : "Find techniques";
  byId("compose").ariaBusy = String(is);
}

function compose(is) {
  byId("compose").hidden = !is;
  byId("result").hidden = is;
}

async function open(file) {
  try {
    byId("source").value = await readFile(file);
  } catch (error) {
    show({ message: error.message, final: true });
    return;
  }
  compose(true);
  await attempt(tag);
}

function examples() {
  return attempt(async () => {
    if (!model) await learnLabels();
    byId("source").value = [...state.labels.values()].map((label) => label.example).join("\n\n");
    byId("source").focus();
  });
}

byId("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(tag);
});
byId("source").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) attempt(tag);
});
byId("examples").addEventListener("click", examples);
byId("open").addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  target.value = ""; // so that the same file can be opened again
  if (file) open(file);
});
addEventListener("dragover", (event) => {
  if (event.dataTransfer.types.includes("Files")) event.preventDefault();
});
addEventListener("drop", (event) => {
  const [file] = event.dataTransfer.files;
  if (!file) return;
  event.preventDefault();
  open(file);
});
byId("edit").addEventListener("click", () => {
  compose(true);
  byId("source").focus();
});
byId("again").addEventListener("click", () => again());
byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey(byId("key").value.trim());
  again();
});

controls.setUp({ changed: redraw, say });
review.setUp({ attempt, redraw, say });
byId("annotator").addEventListener("input", review.drawVerdict);
text.setUp({
  moved: (where) => {
    Object.assign(state, where);
    drawCard(act);
    uncoverPassage();
    whisper(spoken());
  },
  hovered: (offset) => {
    const isChoosing = state.picked || document.activeElement.matches("#card select");
    if (!isChoosing) drawCard(act, offset);
  },
  entered: focusCard,
  left: () => {
    Object.assign(state, { caret: null, picked: null });
    drawCard(act);
  },
});
byId("card").addEventListener("keydown", (event) => {
  if (event.key === "Escape") text.focus();
});

// A moderator's verdict on the passages, and its way into the store.

import { ask, newKey } from "./api.js";
import { passages } from "./controls.js";
import { changed, judged, state, undo } from "./state.js";

const byId = (id) => document.getElementById(id);
const VERDICTS = ["accept", "reject", "correct"];

let sent = { payload: "", id: 0 }; // what was stored last
let pending = { payload: "", key: "" }; // a payload keeps its key until it is stored
let isBusy = false;

/** `attempt` runs a request and shows what goes wrong with it; `redraw` draws everything. */
export function setUp({ attempt, redraw, say }) {
  for (const verdict of VERDICTS) {
    byId(verdict).addEventListener("click", () => attempt(() => send(verdict, say)));
  }
  byId("undo").addEventListener("click", () => {
    undo();
    redraw();
    say("Your changes are undone.");
  });
}

/** Say what a verdict would be on, and offer those that fit. */
export function drawVerdict() {
  const isChanged = changed();
  const isFiltered = state.hidden.size > 0;
  const can = { accept: !isChanged, reject: !isChanged, correct: isChanged };
  for (const verdict of VERDICTS) {
    byId(verdict).hidden = !can[verdict];
    byId(verdict).disabled = isBusy || isFiltered || isStored(verdict);
  }
  byId("reject").hidden ||= !judged({ corrected: false }).length;
  byId("undo").hidden = !isChanged;
  byId("accept").textContent = judged({ corrected: false }).length
    ? "All are right"
    : "Right, there are none";
  byId("verdict-state").textContent = VERDICTS.some(isStored)
    ? `Your verdict is stored as record ${sent.id}.`
    : isFiltered
    ? "A verdict counts for the whole text: show all techniques before you send one."
    : isChanged
      ? changes()
      : `Are the ${passages(judged({ corrected: false }).length)} shown right, and all there are? ` +
        "If not, choose a passage to change it or take it out, and select text to mark it.";
}

function isStored(verdict) {
  return JSON.stringify(record(verdict)) === sent.payload;
}

function changes() {
  const out = state.wrong.size;
  const own = state.added.length;
  const parts = [own && `${own} marked`, out && `${out} taken out`].filter(Boolean);
  const left = passages(judged({ corrected: true }).length);
  return `Your changes: ${parts.join(", ")}. ${left} would be stored as right.`;
}

function record(verdict) {
  const spans = judged({ corrected: verdict === "correct" });
  const annotator = byId("annotator").value.trim();
  return {
    text: state.text,
    model_version: state.answer.model.version,
    verdict,
    spans: spans.map(({ start, end, label }) => ({ start, end, label })),
    offset_unit: "utf16",
    ...(annotator && { annotator }),
  };
}

async function send(verdict, say) {
  const body = record(verdict);
  const payload = JSON.stringify(body);
  if (pending.payload !== payload) pending = { payload, key: newKey() };
  isBusy = true;
  drawVerdict();
  try {
    const { id } = await ask("v1/feedback", body, { "Idempotency-Key": pending.key });
    sent = { payload, id };
    say(`Stored as record ${id}. Thank you.`);
  } finally {
    isBusy = false;
    drawVerdict();
  }
}

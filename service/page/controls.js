// The slider, the techniques, and the copy as JSON.

import { answerWith, factor } from "./spans.js";
import { found, judged, state } from "./state.js";

const byId = (id) => document.getElementById(id);

/** `changed` is called when something else is to be shown, `say` with words for everyone. */
export function setUp({ changed, say }) {
  byId("stop").addEventListener("input", () => {
    state.stop = Number(byId("stop").value);
    changed();
  });
  byId("legend").addEventListener("change", ({ target }) => {
    state.hidden[target.checked ? "delete" : "add"](target.value);
    changed();
  });
  byId("show-all").addEventListener("click", () => {
    state.hidden = new Set();
    changed();
  });
  byId("show-none").addEventListener("click", () => {
    state.hidden = new Set(state.labels.keys());
    changed();
  });
  byId("copy").addEventListener("click", () => copy(say));
  // A list of all techniques fills a small screen: it waits there until it is asked for.
  byId("techniques").open = matchMedia("(min-width: 60rem)").matches;
}

/** Draw the techniques anew, for the labels of a model. */
export function drawLegend() {
  byId("legend").replaceChildren(
    ...[...state.labels.values()].map((label) => {
      const item = document.createElement("li");
      const line = document.createElement("label");
      const box = document.createElement("input");
      Object.assign(box, { type: "checkbox", value: label.id, checked: true });
      const sample = document.createElement("span");
      sample.className = `sample ${label.look}`;
      sample.append(label.letters);
      sample.ariaHidden = "true";
      const count = document.createElement("span");
      count.className = "count";
      line.title = label.definition;
      line.append(box, sample, ` ${label.name} `, count);
      item.append(line);
      return item;
    }),
  );
}

/** Show how many passages there are, of what. */
export function drawCounts() {
  const all = judged({ corrected: true });
  const counts = new Map();
  for (const { label } of all) counts.set(label, (counts.get(label) ?? 0) + 1);
  for (const item of byId("legend").children) {
    const box = item.querySelector("input");
    box.checked = !state.hidden.has(box.value);
    item.hidden = !counts.has(box.value);
    item.querySelector(".count").textContent = counts.get(box.value) ?? "";
  }
  const absent = [...state.labels.values()].filter(({ id }) => !counts.has(id));
  byId("absent").textContent =
    absent.length ? `Not found: ${absent.map(({ name }) => name).join("; ")}.` : "";
  const shown = all.filter((span) => !state.hidden.has(span.label));
  const words = `${passages(shown.length)} · ${amount()}`;
  byId("amount").textContent = words;
  byId("stop").setAttribute("aria-valuetext", words);
  const left = [...counts.keys()].filter((id) => state.hidden.has(id)).length;
  const hidden = left ? `, ${left} not shown` : "";
  byId("techniques-summary").textContent =
    `Techniques: ${counts.size} of ${state.labels.size} found${hidden}`;
}

export function passages(count) {
  return `${count} ${count === 1 ? "passage" : "passages"}`;
}

function amount() {
  const times = factor(state.stop);
  if (times === 1) return "the tagger’s default";
  if (times === 0) return "every candidate";
  return `lowest scores × ${times.toFixed(2).replace(/\.?0+$/, "")}`;
}

async function copy(say) {
  const json = JSON.stringify(answerWith(state.answer, found()), null, 1);
  try {
    await navigator.clipboard.writeText(json);
    say(`Copied ${passages(found().length)} as JSON.`);
  } catch {
    // No clipboard where the page comes over plain HTTP, or where it is forbidden.
    byId("manual-text").value = json;
    byId("manual").showModal();
    byId("manual-text").select();
  }
}

// Between the browser's selection and offsets in a text that an element holds.
//
// The browser itself selects, by mouse, touch and keyboard. The keyboard gets a cursor where an
// element is editable, so the text is, and every edit is refused. No annotation library is used:
// Recogito's text-annotator (4.1.1) brings no such cursor, ends a selection when Shift is let go,
// and its build for browsers needs a bundler's `process`; what is left of it is `selectionIn`.

/** The selection in `root` as {start, end}, equal for a cursor; null if it is elsewhere. */
export function selectionIn(root) {
  const selection = getSelection();
  if (!selection.rangeCount || !root.contains(selection.anchorNode)) return null;
  const range = selection.getRangeAt(0);
  const within = document.createRange();
  within.selectNodeContents(root);
  const start = within.comparePoint(range.startContainer, range.startOffset) < 0;
  const end = within.comparePoint(range.endContainer, range.endOffset) > 0;
  return {
    start: start ? 0 : offsetOf(root, range.startContainer, range.startOffset),
    end: end ? root.textContent.length : offsetOf(root, range.endContainer, range.endOffset),
  };
}

function offsetOf(root, node, offset) {
  const before = document.createRange();
  before.setStart(root, 0);
  before.setEnd(node, offset);
  return before.toString().length; // text nodes alone, unit by unit
}

/** The range of `root` from one offset to another. */
export function rangeIn(root, start, end) {
  const range = document.createRange();
  range.selectNodeContents(root);
  range.collapse(true);
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let begin = 0;
  let placed = false;
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const stop = begin + node.length;
    if (!placed && (start < stop || start === end) && start <= stop) {
      range.setStart(node, start - begin);
      placed = true;
    }
    if (end <= stop) {
      range.setEnd(node, end - begin);
      return range;
    }
    begin = stop;
  }
  return range;
}

/** Select a part of `root`, or put the cursor there. */
export function select(root, start, end) {
  const range = rangeIn(root, start, end);
  getSelection().setBaseAndExtent(
    range.startContainer, range.startOffset, range.endContainer, range.endOffset,
  );
}

/** Let the cursor into `root`, and no edit. */
export function makeReadOnly(root, restore) {
  root.addEventListener("beforeinput", (event) => event.preventDefault());
  // What input methods compose can't be refused beforehand.
  root.addEventListener("input", restore);
  root.addEventListener("compositionend", restore);
}

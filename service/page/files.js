// A file becomes text: plain text as it is, HTML as the text that readers of the page see.

const MOST_BYTES = 5_000_000;
const HTML = /\.html?$/i;
const TEXT = /\.(txt|text|md|html?)$/i;

const UNSEEN = new Set(
  ("audio canvas datalist head iframe math noembed noframes noscript object script style svg " +
    "template title video").split(" "),
);
// A browser complains of style in what it parses, though it applies none of it here: the page's
// policy forbids it. So styles go by other names; in text, the names are put right again.
const STYLED = "data-unapplied-";
const NOT_SHOWN = ["display:none", "display: none"].map((rule) => `[${STYLED}style*="${rule}" i]`);
const BLOCKS = new Set(
  ("address article aside blockquote body caption center dd details dialog div dl dt fieldset " +
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr legend li main menu nav ol p pre " +
    "search section summary table tbody td tfoot th thead tr ul").split(" "),
);

/** The text of a file. Throws an Error whose message is for people. */
export async function readFile(file) {
  if (!TEXT.test(file.name) && !/^text\/(plain|html)/.test(file.type)) {
    throw new Error(`${file.name} is neither plain text nor HTML: save it as one of these.`);
  }
  if (file.size > MOST_BYTES) throw new Error(`${file.name} is too large for an article.`);
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch (error) {
    if (!(error instanceof TypeError)) throw new Error(`${file.name} could not be read.`);
    throw new Error(`${file.name} is not in UTF-8: save it as UTF-8, or paste its text.`);
  }
  return HTML.test(file.name) || file.type.startsWith("text/html") ? seenText(text) : text;
}

/** What HTML shows, a blank line between its blocks. Nothing in it runs or is loaded. */
export function seenText(html) {
  const paragraphs = [""];
  const add = (words) => {
    const last = paragraphs.length - 1;
    paragraphs[last] += /\s$/.test(paragraphs[last]) ? words.replace(/^ /, "") : words;
  };
  const walk = (node, kept) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const words = node.data.replaceAll(STYLED, "");
      add(kept ? words : words.replace(/[ \t\r\n\f]+/g, " "));
    }
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    const name = node.localName;
    if (UNSEEN.has(name) || node.hidden || node.matches(NOT_SHOWN)) return;
    if (name === "br") add("\n");
    const isBlock = BLOCKS.has(name);
    if (isBlock) paragraphs.push("");
    for (const child of node.childNodes) walk(child, kept || name === "pre");
    if (isBlock) paragraphs.push("");
  };
  const unstyled = html
    .replace(/style(?=\s*=)/gi, `${STYLED}$&`)
    .replace(/(?<=<\/?)style(?=[\s/>])/gi, "noembed");
  walk(new DOMParser().parseFromString(unstyled, "text/html").body, false);
  return paragraphs.map((words) => words.trim()).filter(Boolean).join("\n\n");
}

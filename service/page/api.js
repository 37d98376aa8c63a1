// Requests to this service, and what went wrong with them in plain words.

const SECONDS = 60;

const WORDS = {
  400: "The service could not read the request.",
  401: "The service asks for a key.",
  403: "The service does not let this request in.",
  404: "The service does not have this.",
  408: "The text took too long to arrive.",
  413: "The text is too long for one request: shorten it, or tag it in parts.",
  422: "The service could not use what was sent.",
  429: "The service is busy.",
  503: "The service can’t answer just now.",
};

let key = "";

/** Send this key with every request from now on. It is kept in memory alone. */
export function useKey(given) {
  key = given;
}

/** A request without its answer; the message is for people. */
export class Trouble extends Error {
  constructor(message, { needsKey = false, seconds = 0 } = {}) {
    super(message);
    this.needsKey = needsKey;
    this.seconds = seconds;
  }
}

/** The JSON that comes back: of a GET, or of a POST if there is a body. Throws Trouble. */
export async function ask(path, body, headers = {}) {
  const request = { headers: { ...headers }, signal: AbortSignal.timeout(SECONDS * 1000) };
  if (key) request.headers.Authorization = `Bearer ${key}`;
  if (body !== undefined) {
    request.method = "POST";
    request.headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  let response;
  let answer;
  try {
    response = await fetch(path, request);
    answer = await response.json().catch((error) => {
      if (error instanceof SyntaxError) return null; // not from this service: a proxy's page
      throw error;
    });
  } catch (error) {
    throw new Trouble(
      error.name === "TimeoutError"
        ? `The service did not answer within ${SECONDS} seconds.`
        : "The service can’t be reached: it may be stopped, or the network is down.",
    );
  }
  if (response.ok && answer) return answer;
  throw trouble(response, answer);
}

function trouble(response, problem) {
  const { status } = response;
  const parts = [WORDS[status] ?? `The service failed (${status}).`];
  const details = new Set([problem?.detail, ...(problem?.errors ?? []).map((one) => one.detail)]);
  for (const detail of details) if (detail) parts.push(sentence(detail));
  const id = response.headers.get("X-Request-ID");
  if (status >= 500 && status !== 503 && id) parts.push(`The request’s id is ${id}.`);
  const local = (problem?.errors ?? []).some((one) => one.code === "not_local");
  return new Trouble(parts.join(" "), {
    needsKey: status === 401 || (status === 403 && !local),
    seconds: Number(response.headers.get("Retry-After")) || 0,
  });
}

function sentence(words) {
  return words[0].toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? "" : ".");
}

/** A new Idempotency-Key; crypto.randomUUID is missing where the page comes over plain HTTP. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

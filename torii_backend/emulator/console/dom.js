// What the sections of the console share: calls, elements and messages.
// Values only ever become text nodes or the values of fields, so that a name can't become markup.

export const find = (id) => document.getElementById(id);

/** Create an element. Properties are those of DOM elements; children are elements or texts. */
export function el(tag, properties = {}, ...children) {
  const { data = {}, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  Object.assign(element.dataset, data);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const badge = (text, kind = text) => el("span", { className: `badge ${kind}` }, text);

/** Create a button. Its key lets the focus return to it after its list was drawn anew. */
export function button(text, key, onclick, className = "plain") {
  return el("button", { type: "button", className, onclick: () => attempt(onclick), data: { key } }, text);
}

/** Replace the children of an element, and keep the focus on the same button. */
export function fill(element, ...children) {
  const key = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  element.replaceChildren(...children);
  if (key !== undefined) {
    const same = [...element.querySelectorAll("[data-key]")].find((other) => other.dataset.key === key);
    (same ?? element.closest("section").querySelector("h2")).focus();
  }
}

/** Fill a list with an item for each record, or with a sentence if there is none. */
export function list(element, records, item, empty) {
  const items = records.length ? records.map(item) : [el("li", { className: "muted" }, empty)];
  fill(element, ...items);
}

/** Fill a choice, and keep what was chosen. */
export function options(select, pairs) {
  const chosen = select.value;
  fill(select, ...pairs.map(([value, text]) => el("option", { value }, text)));
  if (pairs.some(([value]) => value === chosen)) select.value = chosen;
}

export const facts = (pairs) =>
  pairs.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);

export const json = (value) => JSON.stringify(value, null, 2);

export const time = (text) => new Date(text).toLocaleString();

/** A text with a button that copies it. */
export function snippet(title, text) {
  const shown = el("pre", { tabIndex: 0 }, text);
  shown.setAttribute("role", "region");
  shown.setAttribute("aria-label", title);
  const copy = button("Copy", `copy:${title}`, async () => {
    try {
      await navigator.clipboard.writeText(text);
      say(`Copied: ${title}.`);
    } catch {
      // Pages from plain http hosts other than loopback have no clipboard.
      getSelection().selectAllChildren(shown);
      say("Selected. Press Ctrl+C to copy.");
    }
  });
  copy.setAttribute("aria-label", `Copy ${title}`);
  const head = el("div", { className: "actions" }, el("h3", {}, title), copy);
  return el("div", { className: "snippet more" }, head, shown);
}

/** Say what happened. Screen readers read it, too. */
export function say(text, isBad = false) {
  const status = find("status");
  status.className = isBad ? "bad" : "";
  status.textContent = text;
}

/** Run a function, and say what went wrong. */
export async function attempt(action) {
  try {
    await action();
  } catch (error) {
    say(error.message, true);
  }
}

/** Call the admin API. Return the JSON of the response, or raise an Error with its message. */
export async function call(method, path, body) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  let response;
  try {
    response = await fetch(path, { method, ...sent });
  } catch {
    throw new Error("The emulator does not respond. Is it still running?");
  }
  const text = await response.text();
  let document_ = null;
  try {
    document_ = text ? JSON.parse(text) : null;
  } catch {
    throw new Error(`The response to ${method} ${path} is not JSON.`);
  }
  if (!response.ok) {
    throw new Error(document_?.error?.message ?? `${method} ${path}: status ${response.status}.`);
  }
  return document_;
}

/** Run an action when a form is sent, with the entries of its fields that aren't empty. */
export function onSubmit(id, action) {
  find(id).addEventListener("submit", (event) => {
    event.preventDefault();
    const entries = [...new FormData(event.target)].filter(([, value]) => value !== "");
    attempt(() => action(Object.fromEntries(entries), event.target));
  });
}

export const onClick = (id, action) => find(id).addEventListener("click", () => attempt(action));

/** Parse the JSON of a field, or raise an Error that names it. */
export function parsed(text, name) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${name} must be JSON, such as {"plan": "pro"}.`);
  }
}

/** Decode the payload of a JWT, which is verified by nobody here. */
export function claimsOf(token) {
  const base64 = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

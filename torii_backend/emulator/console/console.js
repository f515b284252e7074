// The console. Each section loads its data when it is shown, by the calls that docs/emulator.md lists.

import {
  attempt, badge, button, call, claimsOf, el, facts, fill, find, json, list, onClick, onSubmit, options, parsed, say,
  snippet, time,
} from "./dom.js";

const API = "/_emulator";

// Start

async function loadStart() {
  const settings = await call("GET", `${API}/settings`);
  const { issuer, apiUrl, secretKey, environmentId } = settings;
  const pairs = [
    ["issuer", issuer],
    ["API address", apiUrl],
    ["secret key", secretKey],
    ["environment id", environmentId],
    ["webhook secret", settings.webhookSecret],
    ["second secret key", settings.otherEnvironment.secretKey],
    ["second environment id", settings.otherEnvironment.environmentId],
  ];
  fill(find("settings"), ...facts(pairs));
  const key = `-H 'Authorization: Bearer ${secretKey}'`;
  fill(
    find("snippets"),
    snippet(".env of the backend", `TORII_ISSUER=${issuer}\nTORII_API_URL=${apiUrl}\nTORII_SECRET_KEY=${secretKey}`),
    snippet(".env of Vite", `VITE_TORII_FAPI_URL=${issuer}`),
    snippet("Issue a token", `curl -d '{"userId": "user_ada", "claims": {"plan": "pro"}}' '${apiUrl}${API}/tokens'`),
    snippet("Search users", `curl -X POST ${key} '${apiUrl}/api/server/v1/users/search'`),
    snippet("Rotate the keys", `curl -X POST '${apiUrl}${API}/keys/rotate'`),
  );
}

// Users

let nextCursor = null;

async function loadUsers() {
  const page = await call("GET", `${API}/users?${new URLSearchParams({ search: find("search").value })}`);
  list(find("user-list"), page.items, userItem, "No user matches.");
  offerMore(page);
}

async function loadMoreUsers() {
  const query = new URLSearchParams({ search: find("search").value, cursor: nextCursor });
  const page = await call("GET", `${API}/users?${query}`);
  const items = page.items.map(userItem);
  find("user-list").append(...items);
  items[0].querySelector("button").focus();
  offerMore(page);
}

function offerMore(page) {
  nextCursor = page.nextCursor;
  find("more-users").hidden = !page.hasMore;
}

const labelOf = (user) => user.name || user.email || user.id;

function userItem(user) {
  const label = labelOf(user);
  const path = `${API}/users/${user.id}`;
  const more = el("div", { className: "more" });
  const act = (text, done, key, suffix) =>
    button(text, `${key}:${user.id}`, async () => {
      await call("POST", path + suffix);
      await loadUsers();
      say(`${label} ${done}.`);
    });
  const actions = [
    button("Token as", `token:${user.id}`, () => showToken(more, user)),
    button("Sessions", `sessions:${user.id}`, () => showSessions(more, user)),
  ];
  if (user.status === "active") actions.push(act("Ban", "is banned", "ban", "/ban"));
  if (user.status === "banned") actions.push(act("Lift ban", "is active again", "ban", "/unban"));
  if (user.status !== "deleted" && user.email && !user.emailVerifiedAt) {
    actions.push(act("Verify email", "has a verified email", "verify", "/verify-email"));
  }
  if (user.status !== "deleted") {
    actions.push(button("Delete", `delete:${user.id}`, async () => {
      if (!confirm(`Delete ${label}? This is final.`)) return;
      await call("DELETE", path);
      await loadUsers();
      say(`${label} is deleted.`);
    }));
  }
  for (const action of actions) action.setAttribute("aria-label", `${action.textContent} ${label}`);
  const organizations = user.organizations.map((each) => `${each.name} (${each.role})`).join(", ");
  const verified = user.emailVerifiedAt ? "verified" : "not verified";
  const about = el(
    "div", {},
    el("b", {}, label), " ", badge(user.status), el("br"),
    el("span", { className: "muted" }, user.email ? `${user.email} (${verified})` : "no email", el("br"),
      organizations || "no organization", el("br"), user.id),
  );
  return el("li", { data: { user: user.id } }, about, el("div", { className: "actions" }, ...actions), more);
}

async function showToken(target, user) {
  const issued = await call("POST", `${API}/tokens`, { userId: user.id });
  fill(target, el("div", { className: "pair" }, ...tokenParts(`Token of ${labelOf(user)}`, issued)));
  say(`A token of ${labelOf(user)} was issued. It expires at ${time(issued.expiresAt)}.`);
}

const tokenParts = (title, issued) => [
  snippet(title, issued.accessToken), snippet(`${title}: claims`, json(claimsOf(issued.accessToken))),
];

async function showSessions(target, user) {
  const sessions = await call("GET", `${API}/users/${user.id}/sessions`);
  const items = el("ul", { className: "cards" });
  const label = labelOf(user);
  const revoke = async (suffix, text) => {
    await call("DELETE", `${API}/users/${user.id}/sessions${suffix}`);
    await showSessions(target, user);
    say(text);
  };
  list(items, sessions, (session) => {
    const end = button("Revoke", `revoke:${session.id}`, () => revoke(`/${session.id}`, "The session is revoked."));
    end.setAttribute("aria-label", `Revoke the session of ${label} from ${time(session.createdAt)}`);
    const device = session.userAgent || "unknown device";
    return el("li", {}, el("span", {}, `since ${time(session.createdAt)}`, el("br"), el("span", { className: "muted" }, device)), end);
  }, `${label} has no session.`);
  const all = button("Revoke all", `revoke-all:${user.id}`, () => revoke("", `All sessions of ${label} are revoked.`));
  all.setAttribute("aria-label", `Revoke all sessions of ${label}`);
  fill(target, items, ...(sessions.length > 1 ? [all] : []));
}

// Organizations

async function loadOrganizations() {
  const [organizations, users] = await Promise.all([
    call("GET", `${API}/organizations?limit=100`), call("GET", `${API}/users?limit=100`),
  ]);
  list(find("organization-list"), organizations.items, organizationItem, "There are no organizations yet.");
  options(find("member-organization"), organizations.items.map((each) => [each.id, each.name]));
  const members = users.items.filter((user) => user.status !== "deleted");
  options(find("member-user"), members.map((user) => [user.id, labelOf(user)]));
}

function organizationItem(organization) {
  const more = el("div", { className: "more" });
  const show = button("Members", `members:${organization.id}`, async () => {
    const page = await call("GET", `${API}/organizations/${organization.id}/members?limit=100`);
    const members = el("ul", {});
    list(members, page.items, (member) => el("li", {}, `${member.name || member.email || member.userId}: ${member.role}`), "It has no members.");
    fill(more, members);
  });
  show.setAttribute("aria-label", `Members of ${organization.name}`);
  const id = el("span", { className: "muted" }, organization.slug ? `${organization.slug}, ` : "", organization.id);
  return el("li", {}, el("div", {}, el("b", {}, organization.name), el("br"), id), show, more);
}

// Tokens

async function loadTokens() {
  const [organizations, users] = await Promise.all([
    call("GET", `${API}/organizations?limit=100`), call("GET", `${API}/users?limit=100`),
  ]);
  fill(find("token-users"), ...users.items.map((user) => el("option", { value: user.id }, labelOf(user))));
  options(find("token-organization"), [["", "none"], ...organizations.items.map((each) => [each.id, each.name])]);
}

async function issueToken({ userId, expiresIn, organization, role, claims = "{}" }) {
  const all = { ...(organization && { org_id: organization }), ...(role && { org_role: role }), ...parsed(claims, "Claims") };
  const issued = await call("POST", `${API}/tokens`, { ...(userId && { userId }), expiresIn: Number(expiresIn), claims: all });
  fill(find("issued-token"), ...tokenParts("Issued token", issued));
  say("A token was issued.");
}

async function explainToken({ token, audience }) {
  const result = await call("POST", `${API}/explain`, { token: token.trim(), ...(audience && { audience }) });
  const rules = result.rules.map((rule) => el(
    "li", {}, badge(rule.outcome, { ok: "good", failed: "bad" }[rule.outcome] ?? ""), ` ${rule.name}`,
    rule.outcome === "failed" ? `: expected ${rule.expected}, got ${rule.actual}. ${rule.hint}` : "",
  ));
  const verdict = result.accepted ? "Accepted." : `Rejected: ${result.reason}. ${result.message}`;
  fill(
    find("explanation"), el("p", {}, el("b", {}, verdict)), el("ul", { className: "rules" }, ...rules),
    ...(result.claims ? [snippet("Claims of the pasted token", json(result.claims))] : []),
  );
  say(result.accepted ? "The token is accepted." : "The token is rejected.");
}

// Keys

async function loadKeys() {
  // This is the key set itself, so an outage shows here as well.
  try {
    find("jwks").textContent = json(await call("GET", "/_torii/.well-known/jwks.json"));
  } catch (error) {
    find("jwks").textContent = error.message;
  }
}

async function rotate(withdraw) {
  const { kid } = await call("POST", `${API}/keys/rotate`, { withdraw });
  await loadKeys();
  say(`The key ${kid} signs from now on${withdraw ? ", and the older keys are withdrawn" : ""}.`);
}

// Faults

let outageEnds = null;
let countdown = null;

async function loadFaults() {
  const outage = await call("GET", `${API}/outage`);
  outageEnds = outage.secondsLeft === null ? null : performance.now() + outage.secondsLeft * 1000;
  clearInterval(countdown);
  showOutage(outage);
  if (outageEnds !== null) countdown = setInterval(() => showOutage(outage), 250);
}

function showOutage({ mode, target }) {
  const left = outageEnds === null ? Infinity : (outageEnds - performance.now()) / 1000;
  if (left <= 0) clearInterval(countdown);
  const running = mode !== null && left > 0;
  const until = left === Infinity ? "until you end it" : `for another ${Math.ceil(left)} s`;
  find("outage-state").textContent = running ? `Outage: ${mode} on ${target}, ${until}.` : "No outage.";
}

async function startOutage({ mode, target, seconds }) {
  await call("POST", `${API}/outage`, { mode, target, seconds: seconds === undefined ? null : Number(seconds) });
  await loadFaults();
  say("The outage has begun.");
}

async function stageFault({ method, path, status, times }) {
  const staged = status === "slow" ? status : Number(status);
  await call("POST", `${API}/faults`, { method, path, status: staged, times: Number(times) });
  say(`${method} ${path} is staged: ${status}, for ${times} calls.`);
}

async function reset() {
  if (!confirm("Reset the emulator? Data in memory returns to the seed.")) return;
  await call("POST", `${API}/reset`);
  await loadFaults();
  say("The emulator was reset.");
}

// Requests

async function loadRequests() {
  const { requests } = await call("GET", `${API}/requests`);
  list(find("request-list"), [...requests].reverse(), requestItem, "There were no requests yet.");
}

function requestItem(request) {
  const bodies = el("pre", { tabIndex: 0 });
  const kind = request.status !== null && request.status < 400 ? "good" : "bad";
  const details = el("details", {}, el(
    "summary", {}, badge(String(request.status ?? "dropped"), kind), ` ${request.method} ${request.path} `,
    el("span", { className: "muted" }, `${request.ms} ms`),
  ), bodies);
  details.addEventListener("toggle", () => attempt(async () => {
    if (!details.open || bodies.textContent) return;
    const { requestBody, responseBody } = await call("GET", `${API}/requests/${request.n}`);
    bodies.textContent = `${requestBody ?? "no request body"}\n\n${responseBody ?? "no response body"}`;
  }));
  return el("li", {}, details);
}

// Mailbox

async function loadMailbox() {
  const { messages } = await call("GET", `${API}/mailbox`);
  list(find("message-list"), [...messages].reverse(), messageItem, "There are no messages yet.");
}

function messageItem(message) {
  const about = el("div", {}, el("b", {}, message.to), " ", badge(message.kind), el("br"), el("span", { className: "muted" }, time(message.at)));
  const parts = [];
  if (message.code) parts.push(snippet(`Code for ${message.to}`, message.code));
  if (message.link) parts.push(snippet(`Link for ${message.to}`, message.link));
  return el("li", {}, about, el("div", { className: "more" }, ...parts));
}

// Events

async function loadEvents() {
  const { deliveries } = await call("GET", `${API}/deliveries`);
  list(find("delivery-list"), [...deliveries].reverse(), deliveryItem, "There are no deliveries yet. Register a URL first.");
}

function deliveryItem(delivery) {
  const last = delivery.attempts.at(-1);
  const answer = last === undefined ? "not sent yet" : last.problem ?? `status ${last.status}`;
  const kind = { delivered: "good", pending: "" }[delivery.state] ?? "bad";
  return el("li", {}, el("details", {}, el(
    "summary", {}, badge(delivery.state, kind), ` ${delivery.event.type} to ${delivery.url}: ${answer}, attempts: ${delivery.attempts.length}`,
  ), el("pre", { tabIndex: 0 }, json(delivery))));
}

// The page

const SECTIONS = {
  start: loadStart, users: loadUsers, organizations: loadOrganizations, tokens: loadTokens, keys: loadKeys,
  faults: loadFaults, requests: loadRequests, mailbox: loadMailbox, events: loadEvents,
};

async function show(event) {
  const main = document.querySelector("main");
  main.setAttribute("aria-busy", "true");
  const wanted = location.hash.slice(1);
  const name = Object.hasOwn(SECTIONS, wanted) ? wanted : "start";
  for (const other of Object.keys(SECTIONS)) find(other).hidden = other !== name;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${find(`${name}-title`).textContent} · Torii emulator`;
  say("");
  if (event) find(`${name}-title`).focus();
  await attempt(SECTIONS[name]);
  main.setAttribute("aria-busy", "false");
}

onSubmit("search-users", loadUsers);
onClick("more-users", loadMoreUsers);
onSubmit("create-user", async (fields, form) => {
  const user = await call("POST", `${API}/users`, fields);
  form.reset();
  await loadUsers();
  say(`${labelOf(user)} was created.`);
});
onSubmit("create-organization", async (fields, form) => {
  const organization = await call("POST", `${API}/organizations`, fields);
  form.reset();
  await loadOrganizations();
  say(`${organization.name} was created.`);
});
onSubmit("put-member", async (fields) => {
  await call("POST", `${API}/members`, fields);
  await loadOrganizations();
  say("The membership is saved.");
});
onSubmit("issue-token", issueToken);
onSubmit("explain-token", explainToken);
onClick("rotate-keys", () => rotate(false));
onClick("withdraw-keys", () => rotate(true));
onSubmit("start-outage", startOutage);
onClick("end-outage", async () => {
  await call("DELETE", `${API}/outage`);
  await loadFaults();
  say("The outage is over.");
});
onSubmit("stage-fault", stageFault);
onClick("reset", reset);
onSubmit("register-webhook", async ({ url }) => {
  await call("POST", `${API}/webhooks`, { url });
  say(`Events are sent to ${url} from now on.`);
});
onSubmit("send-event", async ({ type, to, data = "null" }) => {
  const delivery = await call("POST", `${API}/events`, { type, to, data: parsed(data, "Data") });
  const last = delivery.attempts.at(-1);
  say(`The event was sent: ${last.problem ?? `status ${last.status}`}.`, delivery.state !== "delivered");
});
onSubmit("stage-webhook-fault", async ({ fault }) => {
  await call("POST", `${API}/webhooks/fault`, { fault });
  say(`The next event has the fault ${fault}.`);
});
for (const reload of document.querySelectorAll("[data-reload]")) {
  reload.addEventListener("click", () => attempt(SECTIONS[reload.dataset.reload]));
}
addEventListener("hashchange", show);
show();

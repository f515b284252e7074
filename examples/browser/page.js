// Signs in, calls the API, refreshes the access token, switches the organization, signs out.
// Plain fetch, no build step. Torii doesn't publish all of these paths and fields: docs/emulator.md
// says which are the emulator's choice. Torii's own SDK does all this for you, and knows the real ones.

const REFRESH = "/_torii/auth/session/refresh";
const REFRESH_EARLY = 60_000; // milliseconds before the token expires
const TRY_AGAIN = 5_000;

const find = (id) => document.getElementById(id);

// The access token is kept in memory only. The session is in a cookie that scripts can't read.
let accessToken = null;
let refreshing = null;
let timer;

function torii(method, path, body) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  return fetch(path, { method, headers, body: body && JSON.stringify(body) });
}

function hold(issued) {
  accessToken = issued.accessToken;
  const left = Date.parse(issued.expiresAt) - Date.now();
  clearTimeout(timer);
  timer = setTimeout(refresh, Math.max(TRY_AGAIN, left - REFRESH_EARLY));
}

// Gets a new access token. All who need one at the same time share one request.
function refresh() {
  refreshing ??= refreshOnce().finally(() => { refreshing = null; });
  return refreshing;
}

async function refreshOnce() {
  const response = await torii("POST", REFRESH).catch(() => null);
  if (response?.ok) {
    hold(await response.json());
    return true;
  }
  if (response?.status === 401) {
    showSignedOut("Your session is over. Sign in again.");
  } else if (accessToken !== null) {
    // Torii can't be reached. The token may still be good, and the session is not over.
    clearTimeout(timer);
    timer = setTimeout(refresh, TRY_AGAIN);
  }
  return false;
}

// Sends a request with the access token. A 401 is tried once more, with a new token.
async function authFetch(url, options = {}) {
  const send = () => {
    const headers = { ...options.headers, Authorization: `Bearer ${accessToken}` };
    return fetch(url, { ...options, headers });
  };
  const response = await send();
  return response.status === 401 && await refresh() ? send() : response;
}

async function callApi() {
  const response = await authFetch("/me");
  if (accessToken === null) return;
  find("result").textContent = `${response.status} ${await response.text()}`;
}

async function signIn(event) {
  event.preventDefault();
  const body = { email: find("email").value, password: find("password").value };
  const response = await torii("POST", "/_torii/auth/login", body);
  if (!response.ok) {
    say((await response.json()).error?.message ?? "Torii can't be reached.");
    return;
  }
  hold(await response.json());
  find("password").value = "";
  await boot();
}

async function switchOrganization() {
  const id = find("organization").value;
  const path = `/_torii/organizations/${encodeURIComponent(id)}/switch`;
  const response = await authFetch(path, { method: "POST" });
  if (accessToken === null) return;
  if (response.ok) hold(await response.json());
  say(response.ok ? "Switched." : "You can't switch to this organization.");
}

async function signOut() {
  const response = await torii("POST", "/_torii/auth/logout");
  if (response.ok) showSignedOut("You are signed out.");
  else say("Torii can't be reached. You are still signed in.");
}

function showSignedOut(message) {
  clearTimeout(timer);
  accessToken = null;
  find("result").textContent = "";
  find("signed-in").hidden = true;
  find("signed-out").hidden = false;
  say(message);
}

function showSignedIn(client) {
  const { user, session, organizations } = client;
  find("welcome").textContent = `Hello ${user.name ?? user.email ?? user.id}`;
  find("organization").replaceChildren(...organizations.map(({ id, name }) => new Option(name, id)));
  if (session.activeOrganizationId) find("organization").value = session.activeOrganizationId;
  find("switch").disabled = organizations.length === 0;
  find("signed-out").hidden = true;
  find("signed-in").hidden = false;
  say("You are signed in.");
}

// Who is signed in? The cookie of an earlier visit may still be good.
async function boot() {
  const response = await torii("GET", "/_torii/client");
  const client = response.ok ? await response.json() : null;
  if (!client?.authenticated) {
    showSignedOut(client ? "You are not signed in." : "Torii can't be reached.");
  } else if (accessToken !== null || await refresh()) {
    showSignedIn(client);
  } else if (find("signed-out").hidden) {
    say("Torii can't be reached. Reload the page.");
  }
}

function say(message) {
  find("status").textContent = message;
}

// Shows a failed request, such as one without a connection, and disables the button meanwhile.
function on(id, type, act) {
  find(id).addEventListener(type, async (event) => {
    const button = event.submitter ?? event.currentTarget;
    button.disabled = true;
    try {
      await act(event);
    } catch {
      say("The request failed. Try again.");
    } finally {
      button.disabled = false;
    }
  });
}

on("signed-out", "submit", signIn);
on("call-api", "click", callApi);
on("switch", "click", switchOrganization);
on("sign-out", "click", signOut);
boot().catch(() => say("The request failed. Reload the page."));

"use strict";

// What a link of a mail holds stands behind its `#`, so that no server sees it before its reader
// presses the button. Everything that is shown is set as text.

const at = (id) => document.getElementById(id);

const EMAIL = { name: "email", label: "E-mail", type: "email", autocomplete: "username" };
const PASSWORD = { name: "password", label: "Password", type: "password", autocomplete: "new-password" };
const NEW_PASSWORD = { ...PASSWORD, label: "New password" };

// What each kind of link does: where it is sent, and what is said before and after.
const LINKS = {
  "verify-email": {
    title: "Confirm your address",
    text: "Press the button to confirm that this e-mail address is yours.",
    button: "Confirm",
    path: "/verify-email",
    logsIn: true,
    done: ["Address confirmed", "You are logged in, and may close this page."],
  },
  "change-email": {
    title: "Confirm your new address",
    text: "Press the button to use this e-mail address for your account from here on.",
    button: "Confirm",
    path: "/verify-email",
    logsIn: true,
    done: ["Address changed", "You are logged in, and may close this page."],
  },
  "magic-link": {
    title: "Log in",
    text: "Press the button to log in on this device.",
    button: "Log in",
    path: "/login/link",
    logsIn: true,
    done: ["Logged in", "You are logged in on this device, and may close this page."],
  },
  invitation: {
    title: "Welcome",
    text: "Choose a password for your account.",
    button: "Set password",
    path: "/reset-password",
    fields: [PASSWORD],
    done: ["Password set", "Log in with your new password."],
  },
  "reset-password": {
    title: "Set a new password",
    text: "All devices are logged out then.",
    button: "Set password",
    path: "/reset-password",
    fields: [NEW_PASSWORD],
    done: ["Password set", "Log in with your new password."],
  },
  setup: {
    title: "Make the first administrator",
    text: "This account may do everything, and may give others roles.",
    button: "Make the account",
    path: "/setup",
    logsIn: true,
    fields: [EMAIL, PASSWORD],
    takesAccountFields: true,
    done: ["All set", "You are logged in as the administrator."],
  },
};

const SECOND_FACTOR = {
  title: "Second step",
  text: "Type the code that your authenticator app shows, or one of your recovery codes.",
  button: "Log in",
  path: "/login/mfa",
  logsIn: true,
  fields: [{ name: "code", label: "Code", type: "text", autocomplete: "one-time-code" }],
};

// Short names, as in `/auth/#setup=…`.
const ALIASES = { verify: "verify-email", magic: "magic-link", reset: "reset-password" };

// Members of the body that this page fills in by itself.
const OWN = ["token", "cookies", "client"];

let contract;
let current;
let isBusy = false;

async function readContract() {
  if (!contract) {
    const answer = await fetch("/openapi.json", { credentials: "omit" });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    contract = await answer.json();
  }
  return contract;
}

// `/api/v1/auth`
function base(document) {
  const path = Object.keys(document.paths).find((path) => path.endsWith("/auth/setup"));
  return path.slice(0, -"/setup".length);
}

function resolve(document, schema) {
  while (schema && schema.$ref) {
    schema = schema.$ref.slice(2).split("/").reduce((value, part) => value[part], document);
  }
  return schema || {};
}

// The fields of the account model that must be given, as the contract describes them.
function accountFields(document, known) {
  const operation = document.paths[`${base(document)}/setup`].post;
  const body = resolve(document, operation.requestBody.content["application/json"].schema);
  const names = (body.required || []).filter((name) => !known.includes(name));
  return names.map((name) => fieldOf(document, name, body.properties[name]));
}

function fieldOf(document, name, given) {
  const schema = resolve(document, given);
  const types = [].concat(schema.type || "json");
  const words = name.replace(/([A-Z])/g, " $1").toLowerCase();
  const field = {
    name,
    label: words[0].toUpperCase() + words.slice(1),
    note: given.description || schema.description,
    type: "text",
    kind: types.find((type) => type !== "null"),
    required: true,
  };
  if (schema.enum) return { ...field, type: "select", options: schema.enum };
  if (field.kind === "boolean") return { ...field, type: "checkbox" };
  if (field.kind === "integer" || field.kind === "number") return { ...field, type: "number" };
  if (field.kind === "string") {
    const known = { date: "date", email: "email", uri: "url" };
    return { ...field, type: known[schema.format] || "text" };
  }
  return { ...field, type: "textarea", kind: "json" };
}

function element(name, attributes, text) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function drawField(field) {
  const id = `field-${field.name}`;
  const tag = { select: "select", textarea: "textarea" }[field.type] || "input";
  const input = element(tag, { id, name: field.name });
  if (tag === "input") input.type = field.type;
  if (field.type === "number") input.step = field.kind === "integer" ? "1" : "any";
  if (field.autocomplete) input.setAttribute("autocomplete", field.autocomplete);
  if (field.type !== "checkbox") input.required = true;
  for (const option of field.options || []) input.append(element("option", {}, option));
  const label = element("label", { for: id }, field.label);
  const box = element("div", { class: field.type === "checkbox" ? "field check" : "field" });
  box.append(...(field.type === "checkbox" ? [input, label] : [label, input]));
  const described = [`${id}-wrong`];
  if (field.note) {
    box.append(element("p", { class: "note", id: `${id}-note` }, field.note));
    described.unshift(`${id}-note`);
  }
  box.append(element("p", { class: "wrong", id: `${id}-wrong`, hidden: "" }));
  input.setAttribute("aria-describedby", described.join(" "));
  return box;
}

function say(title, text) {
  document.title = title;
  at("title").textContent = title;
  at("text").textContent = text;
}

function showProblem(text) {
  at("problem").textContent = text || "";
  at("problem").hidden = !text;
}

// Shows what is wrong beside each field; what belongs to none is returned.
function showWrongFields(fields) {
  const rest = [];
  let first;
  for (const field of current.fields || []) {
    const input = at(`field-${field.name}`);
    input.setAttribute("aria-invalid", "false");
    at(`field-${field.name}-wrong`).hidden = true;
  }
  for (const [path, problems] of Object.entries(fields || {})) {
    const text = problems.map((problem) => problem.message).join("; ");
    const note = at(`field-${path}-wrong`);
    if (!note) {
      rest.push(`${path}: ${text}`);
      continue;
    }
    note.textContent = text[0].toUpperCase() + text.slice(1);
    note.hidden = false;
    const input = at(`field-${path}`);
    input.setAttribute("aria-invalid", "true");
    first = first || input;
  }
  if (first) first.focus();
  return rest;
}

function draw(step) {
  current = step;
  say(step.title, step.text);
  at("fields").replaceChildren(...(step.fields || []).map(drawField));
  at("button").textContent = step.button;
  showProblem();
  at("form").hidden = false;
}

function finish([title, text]) {
  say(title, text);
  at("form").hidden = true;
  at("fields").replaceChildren();
  // The link is used up; nothing of it stays in the history.
  history.replaceState(null, "", "/auth/");
  at("page").focus();
}

function valueOf(field) {
  const input = at(`field-${field.name}`);
  if (field.type === "checkbox") return input.checked;
  if (field.type === "number" && input.value !== "") return Number(input.value);
  if (field.kind === "json" && input.value !== "") return JSON.parse(input.value);
  return input.value;
}

function bodyOf(step) {
  const body = { ...step.body };
  if (step.logsIn) body.cookies = true;
  for (const field of step.fields || []) {
    try {
      body[field.name] = valueOf(field);
    } catch {
      return [null, { [field.name]: [{ message: "this must be JSON" }] }];
    }
  }
  // A recovery code is longer than the code of an app, and has letters.
  if (step.path === SECOND_FACTOR.path && !/^[0-9 ]{1,8}$/.test(body.code)) {
    body.recoveryCode = body.code;
    delete body.code;
  }
  return [body];
}

function missing(step) {
  const empty = (step.fields || []).filter((field) => {
    return field.type !== "checkbox" && at(`field-${field.name}`).value === "";
  });
  return Object.fromEntries(empty.map((field) => [field.name, [{ message: "this is needed" }]]));
}

async function send(step, body) {
  const answer = await fetch(base(await readContract()) + step.path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return [answer, text === "" ? {} : JSON.parse(text)];
}

function refuse(step, answer, { error = {} }) {
  const details = error.details || {};
  if (error.code === "MFA_REQUIRED" && details.challenge) {
    if (!(details.methods || []).some((method) => method === "totp" || method === "recoveryCode")) {
      showProblem("This account has a passkey as its second step. Log in where you usually do.");
      return;
    }
    draw({ ...SECOND_FACTOR, body: { challenge: details.challenge }, done: step.done });
    at("field-code").focus();
    return;
  }
  const rest = showWrongFields(details.fields);
  const wait = answer.headers.get("Retry-After");
  const said = details.fields && rest.length === 0
    ? "Some of this cannot be taken as it is."
    : [error.message || `the server answered ${answer.status}`, ...rest].join("; ");
  const advice = error.code === "INVALID_TOKEN"
    ? " Ask for a new link, and use the newest one."
    : wait ? ` Try again in ${wait} s.` : "";
  showProblem(`${said[0].toUpperCase()}${said.slice(1).replace(/\.?$/, ".")}${advice}`);
}

async function submit(event) {
  event.preventDefault();
  const step = current;
  if (isBusy || !step) return;
  const lacking = missing(step);
  showProblem();
  showWrongFields(lacking);
  if (Object.keys(lacking).length > 0) return;
  const [body, wrong] = bodyOf(step);
  if (wrong) {
    showWrongFields(wrong);
    return;
  }
  isBusy = true;
  at("button").setAttribute("aria-disabled", "true");
  try {
    const [answer, said] = await send(step, body);
    if (answer.ok) finish(step.done);
    else refuse(step, answer, said);
  } catch {
    showProblem("The server could not be reached. Try again.");
  } finally {
    isBusy = false;
    at("button").removeAttribute("aria-disabled");
  }
}

// What the link asks for and what it holds: `/auth/#setup=…`, or `/auth/verify-email#token=…`.
function readLink() {
  const inQuery = new URLSearchParams(location.search).get("token");
  // Out of sight, and out of what is copied and kept.
  if (inQuery) history.replaceState(null, "", `${location.pathname}#token=${inQuery}`);
  const [name, token] = location.hash.slice(1).split(/=(.*)/s);
  const kind = name === "token" ? location.pathname.split("/").pop() : ALIASES[name] || name;
  return [Object.hasOwn(LINKS, kind) ? LINKS[kind] : undefined, token];
}

async function start() {
  const [link, token] = readLink();
  at("form").hidden = true;
  if (!link || !token) {
    say("Nothing to do here", "This page opens the links of mails. Open the whole link once more.");
    return;
  }
  const step = { ...link, body: { token } };
  if (link.takesAccountFields) {
    try {
      const known = [...OWN, ...link.fields.map((field) => field.name)];
      step.fields = [...link.fields, ...accountFields(await readContract(), known)];
    } catch {
      say("Not now", "The server could not be reached. Load this page again.");
      return;
    }
  }
  draw(step);
}

at("form").addEventListener("submit", submit);
window.addEventListener("hashchange", start);
start();

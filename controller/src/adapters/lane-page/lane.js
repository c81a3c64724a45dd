// SPDX-License-Identifier: Apache-2.0
// Shows what the controller says, and says so when the controller is not heard. Connects again by itself, for ever.
const SILENCE_MS = 12_000;
const LOOK_MS = 1_000;

const at = (id) => document.getElementById(id);
const fields = {
  zh: { title: at('zh-title'), advice: at('zh-advice') },
  en: { title: at('en-title'), advice: at('en-advice') },
};

/** The page as it came: what to say without a controller. */
const offline = { state: 'offline', zh: textOf(fields.zh), en: textOf(fields.en) };

let source;
let version;
let heardMs = 0;

function textOf({ title, advice }) {
  return { title: title.textContent, advice: advice.textContent };
}

function show({ state, zh, en }) {
  document.documentElement.dataset.state = state;
  for (const [language, words] of Object.entries({ zh, en })) {
    fields[language].title.textContent = words.title;
    fields[language].advice.textContent = words.advice;
  }
}

function showChallenge({ path }) {
  at('challenge').hidden = path === null;
  if (path !== null) at('challenge-code').src = path;
}

function lose() {
  show(offline);
  showChallenge({ path: null });
}

/** A controller of another version has another page. */
function meet(hello) {
  if (version !== undefined && version !== hello.version) location.reload();
  version = hello.version;
}

const HANDLERS = { hello: meet, view: show, challenge: showChallenge, beat: () => undefined };

function connect() {
  source?.close();
  heardMs = performance.now();
  source = new EventSource(`${location.pathname}/events`);
  source.addEventListener('error', lose);
  for (const [name, handle] of Object.entries(HANDLERS)) {
    source.addEventListener(name, ({ data }) => {
      heardMs = performance.now();
      handle(JSON.parse(data));
    });
  }
}

setInterval(() => {
  const silent = performance.now() - heardMs > SILENCE_MS;
  if (silent) lose();
  // A refusal ends an EventSource for good; silence may be a cable that nobody noticed.
  if (silent || source.readyState === EventSource.CLOSED) connect();
}, LOOK_MS);
connect();

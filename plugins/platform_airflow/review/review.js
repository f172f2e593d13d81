// The page *Review*: tabs, filters, keys and notices around the two lists.

import { ask } from "./api.js";
import { element, many, options } from "./dom.js";
import { DECISIONS, Flags } from "./flags.js";
import { Sample } from "./sample.js";

const find = (selector) => document.querySelector(selector);
const notice = find("#notice");
const help = find("#help");

const page = {
  mayDecide: false,
  isRecording: false,
  names: {},
  brand: (key) => (key === null ? "not scored" : page.names[key] ?? key),
  labels: () => Object.entries(page.names),
  count: (words) => { find("#count").textContent = words; },

  async trying(work) {
    try {
      return await work();
    } catch (error) {
      page.notice("failed", [error.message]);
      return null;
    }
  },

  // A key pressed twice decides once.
  async recording(work) {
    if (page.isRecording) return;
    page.isRecording = true;
    await page.trying(work);
    page.isRecording = false;
  },

  done(words) {
    page.notice("done", [`Recorded: ${words}.`]);
  },

  ask(words, answers) {
    page.notice("asking", [...words, ...answers.map(([answer, work]) => element("button", answer, {
      type: "button", click: () => { notice.hidden = true; work(); },
    }))]);
    notice.querySelector("button").focus();
  },

  notice(kind, words) {
    notice.className = kind;
    notice.replaceChildren(...words);
    notice.hidden = false;
  },
};

const tabs = {
  flags: { view: new Flags(find("#flags"), page), filters: find("#filters") },
  sample: { view: new Sample(find("#sample"), page), filters: find("#sample-filters") },
};
let open = "flags";

const isOpen = (name) => name === open;
const given = (form) => Object.fromEntries(new FormData(form));

function load() {
  const { view, filters } = tabs[open];
  notice.hidden = true;
  if (isOpen("flags")) page.trying(count);
  return page.trying(() => view.load(given(filters)));
}

let counting = 0;

async function count() {
  const mine = counting += 1;
  page.count("");
  const { flags, at_most: most } = await ask("count", given(tabs.flags.filters));
  if (mine !== counting || !isOpen("flags")) return;
  if (flags === null) page.count("many flags");
  else page.count(flags < most ? many(flags, "flag") : `${many(most, "flag")} or more`);
}

function show(name) {
  open = name;
  for (const [other, { filters }] of Object.entries(tabs)) {
    find(`#${other}`).hidden = !isOpen(other);
    filters.hidden = !isOpen(other);
    find(`#tab-${other}`).ariaSelected = String(isOpen(other));
    find(`#tab-${other}`).tabIndex = isOpen(other) ? 0 : -1;
  }
  return load();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  "?": () => help.showModal(),
  "/": () => tabs[open].filters.querySelector("select").focus(),
};
const FLAG_KEYS = {
  x: ({ list }) => list.at >= 0 && list.toggle(list.at),
  n: ({ article }) => article.querySelector("textarea")?.focus(),
  ...Object.fromEntries(Object.entries(DECISIONS).map(
    ([decision, [, key]]) => [key, (view) => view.decide(decision)])),
};
const SAMPLE_KEYS = Object.fromEntries(
  [..."0123456789u"].map((key) => [key, (view) => view.press(key)]));

function step(by) {
  const { view } = tabs[open];
  return page.trying(() => (view.move ? view.move(by) : view.list.move(by)));
}

const isTyping = (target) => target.matches("select, textarea, input:not([type=checkbox])");

document.addEventListener("keydown", (event) => {
  const held = event.repeat && !"jk".includes(event.key);
  if (event.ctrlKey || event.metaKey || event.altKey || held) return undefined;
  if (event.key === "Escape" && isTyping(event.target)) return back(event);
  if (help.open || isTyping(event.target)) return undefined;
  const { view } = tabs[open];
  const work = KEYS[event.key] ?? (isOpen("flags") ? FLAG_KEYS : SAMPLE_KEYS)[event.key];
  if (!work) return undefined;
  event.preventDefault();
  return work(view);
});

function back(event) {
  event.preventDefault();
  const { list } = tabs[open].view;
  (list.button(list.at) ?? find(`#tab-${open}`)).focus();
}

for (const name of Object.keys(tabs)) {
  find(`#tab-${name}`).addEventListener("click", () => show(name));
  tabs[name].filters.addEventListener("change", load);
  tabs[name].filters.addEventListener("submit", (event) => event.preventDefault());
}
find("[role=tablist]").addEventListener("keydown", (event) => {
  if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  show(isOpen("flags") ? "sample" : "flags");
  find(`#tab-${open}`).focus();
});
find("#help-button").addEventListener("click", () => help.showModal());

// Airflow's own light or dark, which its page keeps as a class of its root, on Airflow's own ground.
function theme() {
  const { body, documentElement: outside } = parent.document;
  const { style, classList } = document.documentElement;
  classList.toggle("dark", outside.classList.contains("dark"));
  const ground = [body, outside].map((one) => parent.getComputedStyle(one).backgroundColor)
    .find((colour) => !/^rgba\(.*, 0\)$|transparent/.test(colour));
  if (parent !== window && ground) style.setProperty("--ground", ground);
}

async function begin() {
  const found = await ask("choices");
  page.mayDecide = found.may_decide;
  page.names = found.labels;
  const { elements } = tabs.flags.filters;
  const plain = (names) => names.map((name) => [name, name]);
  options(elements.brand, page.labels(), "all");
  options(elements.verdict, plain(["counterfeit", "review"]), "all");
  options(elements.rule_id, plain(found.rules), "all");
  options(elements.marketplace, plain(found.marketplaces), "all");
  options(elements.ds, plain(found.days), "latest");
  options(elements.decision, [
    ["open", "nobody's yet"], ...plain(Object.keys(DECISIONS)),
  ], "all");
  elements.decision.value = "open";
  options(tabs.sample.filters.elements.ds, plain(found.sample_days), "latest");
  await load();
}

new MutationObserver(theme).observe(parent.document.documentElement, { attributes: true });
theme();
page.trying(begin);

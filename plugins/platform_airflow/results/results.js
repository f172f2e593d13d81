// What the tasks of one DAG run returned, as tables. All text enters by textContent alone.

const COUNTS = [
  "seen", "listed", "new", "changed", "unchanged", "repeated", "quarantined", "inactive",
];
const WORK = [
  "pages_fetched", "pages_unchanged", "pages_left", "pictures_fetched", "pictures_known",
  "pictures", "pictures_stored", "bytes_fetched", "rows",
];
const WORDS = {
  quarantined: "refused", inactive: "now inactive", pictures: "pictures listed",
  bytes_fetched: "fetched",
};
const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 4 });
const PAGE = 100;
const AT_ONCE = 6;
const RENEW_MS = 5000;
const ENDED = new Set(["success", "failed"]);

// Airflow may live below a path of its own, and this page below /run-results/.
const API = new URL("../api/v2/", location.href);
const asked = new URLSearchParams(location.search);
const RUN = `dags/${encodeURIComponent(asked.get("dag_id"))}`
  + `/dagRuns/${encodeURIComponent(asked.get("run_id"))}`;

async function ask(path, query = {}) {
  const url = new URL(path, API);
  url.search = new URLSearchParams(query);
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`Airflow answers ${answer.status} to ${url.pathname}`);
  return answer.json();
}

async function everyTask() {
  const tasks = [];
  for (;;) {
    const page = await ask(`${RUN}/taskInstances`, { limit: PAGE, offset: tasks.length });
    tasks.push(...page.task_instances);
    if (!page.task_instances.length || tasks.length >= page.total_entries) return tasks;
  }
}

const pathOf = (task) => `${RUN}/taskInstances/${encodeURIComponent(task.task_id)}`;

async function returned(task) {
  if (isShard({ task })) return null; // hundreds of them, and a key each
  const query = { map_index: task.map_index };
  const entry = await ask(`${pathOf(task)}/xcomEntries/return_value`, query);
  const value = typeof entry?.value === "string" ? parsed(entry.value) : entry?.value;
  return value && typeof value === "object" ? value : null;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a task that returned a word
  }
}

// The sentence a failed task's log ends with.
async function complaint(task) {
  const query = { map_index: task.map_index, full_content: true };
  const log = await ask(`${pathOf(task)}/logs/${Math.max(1, task.try_number)}`, query);
  const causes = (Array.isArray(log?.content) ? log.content : [])
    .flatMap((line) => line.error_detail ?? []);
  return causes.length ? String(causes.at(-1).exc_value) : "Its log says why.";
}

async function found(task) {
  if (task.state === "success") return { task, value: await returned(task) };
  if (task.state === "failed") return { task, sentence: await complaint(task) };
  return { task };
}

const isShard = ({ task }) => task.task_id === "score_shard" && task.map_index >= 0;

async function inTurns(items, work) {
  const results = [];
  for (let i = 0; i < items.length; i += AT_ONCE) {
    results.push(...await Promise.all(items.slice(i, i + AT_ONCE).map(work)));
  }
  return results;
}

function element(name, content = [], classes = "") {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  made.append(...[content].flat().filter((one) => one !== null).map(asNode));
  return made;
}

const asNode = (one) => (one instanceof Node ? one : document.createTextNode(String(one)));

const words = (name) => WORDS[name] ?? name.replaceAll("_", " ");

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let step = 0;
  for (; count >= 1024 && step < units.length - 1; step += 1) count /= 1024;
  return `${count.toFixed(step && count < 100 ? 1 : 0)} ${units[step]}`;
}

function duration(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function shown(name, value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  if (/bytes/.test(name)) return bytes(value);
  if (/seconds|duration/.test(name)) return duration(value);
  if (/(^|_)(rate|share)$/.test(name)) return `${(100 * value).toFixed(1)} %`;
  return NUMBER.format(value);
}

function cell(name, value) {
  if (value === undefined || value === null) return element("td", "", "number");
  if (typeof value !== "number") return element("td", shown(name, value), "text");
  return element("td", shown(name, value), value === 0 ? "number zero" : "number");
}

const stateCell = (state) => element("td", state ?? "waiting", state ?? "none");

function table(head, rows, foot = null) {
  const top = head.map((one) => element("th", one.text, one.number ? "number" : ""));
  return element("div", element("table", [
    element("thead", element("tr", top)),
    element("tbody", rows.map((row) => element("tr", row))),
    foot && element("tfoot", element("tr", foot)),
  ]), "wide");
}

function bars(counts) {
  const rows = Object.entries(counts).sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  const most = Math.max(...rows.map((row) => row[1]));
  return element("table", element("tbody", rows.map(([name, count]) => {
    const bar = element("div", [], "bar");
    bar.style.width = `${(100 * count) / most}%`;
    return element("tr", [element("th", words(name)), cell(name, count), element("td", bar)]);
  })), "bars");
}

// A mapped task goes by the name its template gives it, the marketplace; until it has run it has
// only its number.
function nameOf({ task, value }) {
  if (value?.marketplace) return value.marketplace;
  if (task.rendered_map_index === null) return task.task_id;
  const number = String(task.map_index);
  return task.rendered_map_index === number ? `${task.task_id} ${number}` : task.rendered_map_index;
}

const isIngestion = ({ task, value }) =>
  value ? "marketplace" in value && "seen" in value : task.rendered_map_index !== null
    && task.task_id.endsWith("ingest_marketplace");

const columns = (names, entries) =>
  names.filter((name) => entries.some(({ value }) => value && name in value));

const total = (name, entries) =>
  entries.reduce((sum, { value }) => sum + (value?.[name] ?? 0), 0);

function marketplaceTable(names, entries, before, after) {
  const shownNames = columns(names, entries);
  if (!shownNames.length && !before.length) return null;
  const head = [
    { text: "marketplace" }, ...before.map((one) => ({ text: one.text })),
    ...shownNames.map((name) => ({ text: words(name), number: true })),
    ...after.map((one) => ({ text: one.text, number: one.number })),
  ];
  const rows = entries.map((entry) => [
    element("th", nameOf(entry)), ...before.map((one) => one.cell(entry)),
    ...shownNames.map((name) => cell(name, entry.value?.[name])),
    ...after.map((one) => one.cell(entry)),
  ]);
  const foot = entries.length > 1 ? [
    element("th", "all"), ...before.map(() => element("td")),
    ...shownNames.map((name) => cell(name, total(name, entries))),
    ...after.map(() => element("td")),
  ] : null;
  return table(head, rows, foot);
}

function ingestion(entries) {
  entries.sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
  const state = { text: "", cell: ({ task }) => stateCell(task.state) };
  const took = {
    text: "time", number: true,
    cell: ({ task }) => cell("seconds", task.duration),
  };
  const stopped = { text: "stopped by", cell: ({ value }) => cell("stopped", value?.stopped) };
  const after = entries.some(({ value }) => value?.stopped) ? [took, stopped] : [took];
  const work = marketplaceTable(WORK, entries, [], after);
  return [
    element("h2", "Listings"), marketplaceTable(COUNTS, entries, [state], []),
    ...refused(entries),
    ...(work ? [element("h2", "Work done"), work] : []),
  ];
}

function refused(entries) {
  return entries
    .filter(({ value }) => Object.keys(value?.reasons ?? {}).length)
    .flatMap((entry) => [
      element("h2", `Refused from ${nameOf(entry)}: ${NUMBER.format(entry.value.quarantined)} of `
        + `${NUMBER.format(entry.value.seen)}`),
      bars(entry.value.reasons),
    ]);
}

// Of a shard's key: the model's version, and how many pictures it has.
const SHARD = /shards\/([^/]+)\/[^/]+\/\d+-(\d+)-[0-9a-f]+\.json$/;

const planOf = (entries) => entries.find(({ task }) => task.task_id === "plan_shards")?.value;
const dayOf = (entries) => entries.find(({ task }) => task.task_id === "publish_scores")?.value;

// Pictures of the shards that are done, of all, their rate until the last one ended, and the
// seconds left: where that is long ago, by the rate until now.
function progress(shards, planned) {
  const sizes = planned.map((key) => Number(SHARD.exec(key)?.[2] ?? 0));
  const sum = (ones) => ones.reduce((all, one) => all + one, 0);
  const done = shards.filter(({ task }) => task.state === "success");
  const pictures = sum(done.map(({ task }) => sizes[task.map_index] ?? 0));
  const known = { pictures, of: sum(sizes), shards: done.length };
  if (!done.length) return known;
  const times = (ones, name) => ones.filter(({ task }) => task[name])
    .map(({ task }) => Date.parse(task[name]));
  const start = Math.min(...times(shards, "start_date"));
  const end = Math.max(...times(done, "end_date"));
  const rate = 1000 * pictures / (end - start);
  const now = Date.now();
  const left = (known.of - pictures) / rate - (now - end) / 1000;
  const slow = (known.of / pictures - 1) * (now - start) / 1000;
  return { ...known, rate, left: left > 0 ? left : slow };
}

function scoring(entries) {
  const planned = planOf(entries);
  if (!Array.isArray(planned)) return [];
  const day = dayOf(entries);
  const known = progress(entries.filter(isShard), planned);
  const left = known.of - known.pictures;
  const rows = {
    "model version": day?.model_version ?? SHARD.exec(planned[0] ?? "")?.[1],
    scored: left ? `${NUMBER.format(known.pictures)} of ${NUMBER.format(known.of)}` : known.of,
    reused: day?.reused, failed: day?.failed,
    rate: known.rate ? `${known.rate.toFixed(1)} a second` : null,
    "time left": left && known.rate ? duration(known.left) : null,
    shards: left ? `${known.shards} of ${planned.length}` : planned.length,
    listings: day?.listings, "not seen that day": day?.unseen,
  };
  const shownRows = Object.entries(rows).filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => element("tr", [element("th", name), scoringCell(value)]));
  return [element("h2", "Pictures"), element("table", element("tbody", shownRows))];
}

const scoringCell = (value) => element("td", shown("", value), "number");

const isCounts = (value) => value && typeof value === "object" && !Array.isArray(value)
  && Object.values(value).length > 0
  && Object.values(value).every((one) => typeof one === "number");

function figures(value) {
  return Object.entries(value)
    .filter(([, one]) => one !== null && !Array.isArray(one))
    .flatMap(([name, one]) => (isCounts(one) ? Object.entries(one) : [[name, one]]))
    .filter(([, one]) => typeof one !== "object")
    .map(([name, one]) => [element("th", words(name)), cell(name, one)]);
}

function result({ task, value }) {
  const rows = figures(value);
  if (!rows.length) return [];
  const title = task.rendered_map_index ? `${task.task_id} ${task.rendered_map_index}` : task.task_id;
  const body = element("tbody", rows.map((row) => element("tr", row)));
  return [element("h2", title), element("table", body)];
}

const notice = (name, sentence) => element("p", [element("b", name), `: ${sentence}`], "notice");

async function withoutPool(tasks) {
  const waiting = tasks.filter((task) => task.state === "scheduled");
  if (!waiting.length) return [];
  const known = await ask("pools", { limit: PAGE });
  if (known.total_entries > PAGE) return [];
  const names = new Set(known.pools.map((pool) => pool.name));
  return waiting.filter((task) => !names.has(task.pool)).map((task) => notice(
    nameOf({ task }),
    `waits for the pool ${task.pool}, which does not exist: run \`counterfeit up\`.`,
  ));
}

function summary(run) {
  const day = run.partition_key ?? run.conf?.day;
  const took = run.duration === null ? null : ` in ${duration(run.duration)}`;
  return element("p", [
    element("b", run.dag_id), day ? ` of ${day}: ` : ": ",
    element("span", run.state, run.state), ENDED.has(run.state) ? took : null,
  ]);
}

async function content() {
  const [run, tasks] = await Promise.all([ask(RUN), everyTask()]);
  const entries = await inTurns(tasks, found);
  const ingested = entries.filter(isIngestion);
  const scored = scoring(entries);
  const others = entries.filter((one) => one.value && !Array.isArray(one.value)
    && !isIngestion(one) && !(scored.length && one.value === dayOf(entries)));
  const nodes = [
    ...await withoutPool(tasks),
    ...entries.filter((one) => one.sentence).map((one) => notice(nameOf(one), one.sentence)),
    ...(ingested.length ? ingestion(ingested) : []),
    ...scored,
    ...others.flatMap(result),
  ];
  const nothing = element("p", "No task has returned figures yet.", "none");
  return { ended: ENDED.has(run.state), nodes: [summary(run), ...(nodes.length ? nodes : [nothing])] };
}

async function show() {
  const main = document.querySelector("main");
  try {
    const { ended, nodes } = await content();
    main.replaceChildren(...nodes.filter((one) => one !== null));
    if (!ended) setTimeout(show, RENEW_MS);
  } catch (error) {
    main.replaceChildren(element("p", `${error.message}: load the page again.`, "notice"));
  }
  main.ariaBusy = "false";
}

// Airflow's own light or dark, which its page keeps as a class of its root.
function theme() {
  const dark = parent.document.documentElement.classList.contains("dark");
  document.documentElement.classList.toggle("dark", dark);
}

new MutationObserver(theme).observe(parent.document.documentElement, { attributes: true });
theme();
show();

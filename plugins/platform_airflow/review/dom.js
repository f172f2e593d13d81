// Elements and words. All text enters by textContent alone, and every text of a seller's stands in
// a <bdi>: marks that turn the direction of writing end where it ends.

export function element(name, content = [], attributes = {}) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...[content].flat().filter((one) => one !== null && one !== undefined && one !== ""));
  return made;
}

export const foreign = (text) => element("bdi", String(text));

export const percent = (share, digits = 0) =>
  (typeof share === "number" ? `${(100 * share).toFixed(digits)} %` : "unknown");

const COUNT = new Intl.NumberFormat("en");

export const many = (count, word) => `${COUNT.format(count)} ${word}${count === 1 ? "" : "s"}`;

const AMOUNT = new Intl.NumberFormat("en", {
  minimumFractionDigits: 2, maximumFractionDigits: 2,
});

export const money = (amount, currency) => `${AMOUNT.format(amount)} ${currency}`;

export const time = (text) => element("time", new Date(text).toLocaleString("en-GB", {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
}), { datetime: text });

const DIGEST = /^[0-9a-f]{64}$/;

// What is no picture, or cannot be shown, is a grey box that says so.
export function picture(digest, words) {
  const none = element("span", "no picture", { class: "picture none" });
  if (!DIGEST.test(digest ?? "")) return none;
  const image = element("img", [], {
    class: "picture", src: `pictures/${digest}`, alt: words, loading: "lazy", decoding: "async",
  });
  image.addEventListener("error", () => image.replaceWith(none));
  return image;
}

export function bar(share, kind) {
  const filled = element("span", [], { class: `filled ${kind}` });
  filled.style.width = `${100 * Math.min(1, Math.max(0, share ?? 0))}%`;
  return element("span", filled, { class: "bar", "aria-hidden": "true" });
}

export function options(select, choices, first) {
  select.replaceChildren(
    ...(first === undefined ? [] : [element("option", first, { value: "" })]),
    ...choices.map(([value, words]) => element("option", words, { value })),
  );
}

// A seller's link opens in a tab of its own, by Airflow's page: this frame may not, and must not
// become the shop's.
export function link(url) {
  const known = URL.canParse(url) && ["http:", "https:"].includes(new URL(url).protocol);
  if (!known) return foreign(url);
  return element("a", foreign(url), {
    href: url, rel: "noopener noreferrer", target: "_blank", click: (event) => {
      event.preventDefault();
      const outside = parent.document.createElement("a");
      Object.assign(outside, { href: url, rel: "noopener noreferrer", target: "_blank" });
      outside.click();
    },
  });
}

// The tab *Flags*: one flag with all that speaks for and against it, and the decision about it.

import { ask, send } from "./api.js";
import { bar, element, foreign, link, many, money, percent, picture, time } from "./dom.js";
import { keyOf, List, title } from "./list.js";

export const DECISIONS = {
  confirmed: ["Confirm", "c"], dismissed: ["Dismiss", "d"], unsure: ["Unsure", "u"],
};

// A key held down passes flags by without asking for each.
const SETTLE_MS = 60;
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

export class Flags {
  constructor(section, page) {
    Object.assign(this, { section, page, article: section.querySelector("article"), next: null });
    this.list = new List(section, {
      summary: (flag) => this.summary(flag),
      open: (flag) => this.open(flag),
      select: () => this.bulk(),
    });
    this.more = section.querySelector(".more");
    this.more.addEventListener("click", () => this.page.trying(() => this.extend()));
  }

  async load(filters) {
    this.filters = filters;
    const { flags, next } = await ask("flags", filters);
    if (filters !== this.filters) return;
    this.list.show(flags);
    this.follow(next);
    this.article.replaceChildren();
    this.article.ariaBusy = "false";
    if (flags.length) this.list.begin();
    else this.article.append(element("p", "No flag is left here.", { class: "none" }));
  }

  async extend() {
    const { filters } = this;
    const { flags, next } = await ask("flags", { ...filters, after: this.next });
    if (filters !== this.filters) return;
    this.list.add(flags);
    this.follow(next);
  }

  follow(next) {
    this.next = next;
    this.more.hidden = !next;
  }

  async move(step) {
    if (step > 0 && this.list.at === this.list.rows.length - 1 && this.next) await this.extend();
    this.list.move(step);
  }

  summary(flag) {
    return [
      title(flag),
      element("span", [
        this.page.brand(flag.brand), ` ${percent(flag.confidence)} · `,
        money(flag.price, flag.currency), ` · ${againstFloor(flag)}`,
      ], { class: "figures" }),
      element("span", [
        badge(flag.verdict), flag.review && badge(flag.review.decision),
        flag.other_sellers ? badge(many(flag.other_sellers, "other seller"), "shared") : null,
      ], { class: "badges" }),
    ];
  }

  async open(flag) {
    this.shown = null;
    this.article.ariaBusy = "true";
    await this.page.trying(async () => {
      await pause(SETTLE_MS);
      if (flag !== this.list.current) return;
      const { ds, marketplace, listing_id } = flag;
      const whole = await ask("flag", { ds, marketplace, listing_id });
      if (flag !== this.list.current) return;
      this.article.replaceChildren(...this.content(whole));
      this.article.scrollTop = 0;
      this.shown = flag;
      this.renew(flag, whole.reviews[0] ?? null);
      this.bulk();
    });
    this.article.ariaBusy = "false";
  }

  content(flag) {
    return [
      element("h2", foreign(flag.title), { dir: "auto" }),
      element("div", [
        picture(flag.image_sha256, "The listing's picture"),
        element("div", [...this.facts(flag), reasons(flag)], { class: "facts" }),
      ], { class: "evidence" }),
      this.others("Other flags of the seller", flag.of_seller),
      this.others("The same or nearly the same picture", flag.of_picture),
      history(flag.reviews),
      this.page.mayDecide ? this.form() : element("p",
        "You may look. To decide, you need the right to trigger flag_listings.", { class: "none" }),
    ].filter(Boolean);
  }

  facts(flag) {
    return [
      element("p", [badge(flag.verdict), ` by the rule ${flag.rule_id}`]),
      element("h3", "Logo"),
      element("table", element("tbody", opinions(flag).map(([brand, share], place) =>
        element("tr", [
          element("th", this.page.brand(brand), { scope: "row" }),
          element("td", percent(share, 1), { class: "number" }),
          element("td", bar(share, place ? "runner-up" : "first")),
        ])))),
      element("h3", "Price"),
      ...price(flag),
      element("h3", "Listing"),
      element("p", [foreign(flag.marketplace), " ", foreign(flag.listing_id), ` on ${flag.ds}`,
        flag.first_flagged_ds === flag.ds ? ", new" : `, flagged since ${flag.first_flagged_ds}`]),
      element("p", seller(flag)),
      element("p", link(flag.url), { class: "url" }),
    ];
  }

  others(heading, flags) {
    if (!flags.length) return null;
    return element("section", [
      element("h3", heading),
      element("ul", flags.map((flag) => element("li", element("button", [
        picture(flag.image_sha256, ""), title(flag),
        element("span", [this.page.brand(flag.brand), ` · ${money(flag.price, flag.currency)}`],
          { class: "figures" }),
      ], { class: "card", click: () => this.visit(flag) }))), { class: "cards" }),
    ]);
  }

  // Goes to a flag, which is put on top of the list where it is not in it.
  visit(flag) {
    const index = this.list.rows.findIndex((one) => keyOf(one) === keyOf(flag));
    if (index >= 0) this.list.go(index);
    else this.page.trying(async () => {
      const { ds, marketplace, listing_id } = flag;
      const whole = await ask("flag", { ds, marketplace, listing_id });
      this.list.show([{ ...whole, review: whole.reviews[0] ?? null }, ...this.list.rows]);
      this.list.go(0);
    });
  }

  form() {
    const label = element("select", [], { name: "label" });
    label.append(element("option", "as decided", { value: "" }), ...this.page.labels().map(
      ([key, words]) => element("option", words, { value: key })));
    return element("form", [
      element("p", [], { class: "bulk", "aria-live": "polite" }),
      element("label", ["The picture shows ", label]),
      element("label", ["Note ", element("textarea", [], {
        name: "note", rows: 1, maxlength: 10000, "aria-keyshortcuts": "n",
      })], { class: "note" }),
      element("div", Object.entries(DECISIONS).map(([decision, [words, key]]) =>
        element("button", [words, " ", element("kbd", key)], {
          type: "button", class: decision, "aria-keyshortcuts": key,
          click: () => this.decide(decision),
        })), { class: "decisions" }),
    ], { class: "decision", submit: (event) => event.preventDefault() });
  }

  bulk() {
    const words = this.article.querySelector(".bulk");
    if (!words) return;
    const { size } = this.list.selected;
    words.replaceChildren(...(size ? [
      element("b", `${size} selected. `), "The decision is about all of them. ",
      element("button", "Unselect", {
        type: "button", class: "quiet", click: () => this.list.selectAll(false),
      }),
    ] : []));
  }

  // Nobody decides about what is not on the screen yet.
  decide(decision) {
    const form = this.article.querySelector("form");
    if (!form || !this.shown || this.shown !== this.list.current) return null;
    const { label, note } = Object.fromEntries(new FormData(form));
    return this.record(this.list.chosen(), { decision, label, note });
  }

  record(flags, said) {
    return this.page.recording(async () => {
      const subjects = flags.map(subject);
      try {
        const { reviews } = await send("decisions", { subjects, ...said });
        this.take(flags, reviews);
        this.page.done(`${reviews.length === 1 ? "" : `${reviews.length} flags `}${said.decision}`);
        await this.forward(flags);
      } catch (error) {
        if (error.status !== 409) throw error;
        this.dispute(flags, said, error);
      }
    });
  }

  take(flags, reviews) {
    for (const review of reviews) this.renew(flags.find((one) => isOf(review, one)), review);
  }

  renew(flag, review) {
    if (flag.review?.review_id === review?.review_id) return;
    flag.review = review;
    this.list.renew(flag);
  }

  forward(flags) {
    this.list.selectAll(false);
    const { at, rows, current } = this.list;
    const more = at < rows.length - 1 || this.next;
    return flags.includes(current) && more ? this.move(1) : this.open(current);
  }

  // Somebody was faster: it is said who and what, and only a second, deliberate step goes on.
  dispute(flags, said, { others }) {
    const decided = (flag) => others.some((one) => isOf(one, flag));
    const untouched = flags.filter((flag) => !decided(flag));
    const renew = () => this.take(flags.filter(decided),
      others.map(({ review, ...key }) => ({ ...review, ...key })));
    const first = whoAndWhat(others[0].review);
    this.page.ask([
      element("b", "Nothing was recorded. "),
      ...(others.length > 1 ? [`${others.length} were decided meanwhile. The first: `] : []),
      ...first,
    ], [
      ["Leave it so", () => { renew(); this.forward(flags); }],
      ...(untouched.length ? [[`Decide about the other ${untouched.length}`,
        () => { renew(); this.record(untouched, said); }]] : []),
      [`${DECISIONS[said.decision][0]} all the same`,
        () => { renew(); this.record(flags, said); }],
    ]);
  }
}

const isOf = (review, flag) => flag.marketplace === review.marketplace
  && flag.listing_id === review.listing_id;

const subject = ({ ds, marketplace, listing_id, review }) =>
  ({ ds, marketplace, listing_id, seen: review?.review_id ?? null });

const badge = (words, kind = words) => element("span", words, { class: `badge ${kind}` });

const opinions = (flag) => [
  [flag.brand, flag.confidence],
  ...(flag.runners_up ?? []).map((one) => [one.brand, one.probability]),
];

const againstFloor = (flag) => (flag.price_ratio === null ? "no floor to compare with"
  : `${percent(flag.price_ratio)} of the floor`);

function price(flag) {
  const asked = money(flag.price, flag.currency);
  const high = flag.price_high ? ` to ${money(flag.price_high, flag.currency)}` : "";
  const dollars = flag.currency === "USD" ? "" : ` (${money(flag.price_usd, "USD")})`;
  const source = { absolute: "", retail_share: ", a share of retail", learnt: ", learnt" };
  return [
    element("p", [element("b", asked), high, dollars]),
    flag.price_ratio === null ? element("p", "Cannot be compared: there is no floor.") : element("p", [
      `${againstFloor(flag)} of ${money(flag.price_floor_usd, "USD")}${source[flag.floor_source] ?? ""}`,
      flag.price_retail_ratio === null || flag.price_retail_ratio === undefined ? ""
        : `; ${percent(flag.price_retail_ratio)} of retail`,
      bar(flag.price_ratio, "price"),
    ]),
  ];
}

function seller(flag) {
  if (!flag.seller_id) return "Seller unknown";
  const named = flag.seller_name && flag.seller_name !== flag.seller_id;
  return [
    "Seller ", foreign(flag.seller_name ?? flag.seller_id), named ? [" (", foreign(flag.seller_id), ")"] : "",
    flag.seller_first_seen_ds ? `, first seen ${flag.seller_first_seen_ds}` : "",
  ].flat();
}

function reasons(flag) {
  return element("div", [
    element("h3", "Why"),
    element("ul", flag.reasons.map((one) => element("li", foreign(one))), { class: "reasons" }),
  ]);
}

const whoAndWhat = (review) => [
  foreign(review.reviewed_by), ` ${review.decision} it, `, time(review.reviewed_at),
  ...(review.note ? [": ", foreign(review.note)] : []),
  ". ",
];

function history(reviews) {
  if (!reviews.length) return null;
  return element("section", [
    element("h3", "Decisions"),
    element("ul", reviews.map((review) => element("li", [
      badge(review.decision), " ", foreign(review.reviewed_by), ", ", time(review.reviewed_at),
      ...(review.label ? [`, shows ${review.label}`] : []),
      ...(review.note ? [element("p", foreign(review.note), { class: "said", dir: "auto" })] : []),
    ])), { class: "history" }),
  ]);
}

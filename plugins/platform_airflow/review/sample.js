// The tab *Sample*: a random sample of all listings. What the model thinks is shown only once a
// person has said what the picture shows: the answer must not be led by it.

import { ask, send } from "./api.js";
import { element, foreign, percent, picture, time } from "./dom.js";
import { keyOf, List, title } from "./list.js";

export class Sample {
  constructor(section, page) {
    Object.assign(this, { section, page, article: section.querySelector("article") });
    this.list = new List(section, {
      summary: (row) => [title(row), element("span", row.review ? this.said(row.review) : "not answered",
        { class: "figures" })],
      open: (row) => this.open(row),
    });
  }

  async load(filters) {
    const { sample } = await ask("sample", filters);
    this.list.show(sample);
    this.article.replaceChildren();
    this.count();
    const first = sample.findIndex((row) => !row.review);
    if (sample.length) this.list.begin(Math.max(0, first));
    else this.article.append(element("p", "No day has a sample yet.", { class: "none" }));
  }

  count() {
    const { rows } = this.list;
    this.page.count(`${rows.filter((row) => row.review).length} of ${rows.length} answered`);
  }

  said(review) {
    return review.label ? this.page.brand(review.label) : "cannot tell";
  }

  open(row) {
    this.article.replaceChildren(...[
      element("h2", foreign(row.title), { dir: "auto" }),
      element("div", [
        picture(row.image_sha256, "The listing's picture"),
        element("div", [
          element("p", "Whose logo does the picture show? Look at the picture, not at the title.",
            { id: "question" }),
          this.page.mayDecide ? this.answers(row) : null,
          row.review ? this.answered(row) : null,
        ], { class: "facts" }),
      ], { class: "evidence" }),
    ]);
  }

  answers() {
    return element("div", [
      ...this.choices().map(([label, words, key]) => this.choice(label, words, key)),
      this.choice(null, "Cannot tell", "u"),
    ], { class: "answers", role: "group", "aria-labelledby": "question" });
  }

  // no logo is 0; of more than nine brands the rest has no key.
  choices() {
    const labels = this.page.labels();
    const brands = labels.filter(([label]) => label !== "no_logo");
    return [
      ...brands.map(([label, words], place) => [label, words, place < 9 ? String(place + 1) : null]),
      ...labels.filter(([label]) => label === "no_logo").map(([label, words]) => [label, words, "0"]),
    ];
  }

  choice(label, words, key) {
    return element("button", [words, key ? " " : "", key && element("kbd", key)], {
      type: "button", "aria-keyshortcuts": key, click: () => this.answer(label),
    });
  }

  answered(row) {
    const { review } = row;
    const verdict = { confirmed: "right", dismissed: "wrong", unsure: "not judged" }[review.decision];
    return element("p", [
      foreign(review.reviewed_by), ` said ${this.said(review)}, `, time(review.reviewed_at),
      `. The model says ${this.page.brand(row.brand)}, ${percent(row.confidence, 1)}: ${verdict}.`,
    ], { class: "outcome" });
  }

  press(key) {
    if (key === "u") return this.answer(null);
    const found = this.choices().find((choice) => choice[2] === key);
    return found ? this.answer(found[0]) : null;
  }

  answer(label, row = this.list.current) {
    if (!row || !this.page.mayDecide) return null;
    const { ds, marketplace, listing_id } = row;
    const seen = row.review?.review_id ?? null;
    return this.page.recording(async () => {
      try {
        const body = { subject: { ds, marketplace, listing_id, seen }, label };
        const { reviews: [review] } = await send("answers", body);
        this.take(row, review);
        this.page.done(`${this.said(review)}: the model is ${
          { confirmed: "right", dismissed: "wrong", unsure: "not judged" }[review.decision]}`);
        if (keyOf(row) === keyOf(this.list.current)) this.list.move(1);
      } catch (error) {
        if (error.status !== 409) throw error;
        this.dispute(label, row, error.others[0].review);
      }
    });
  }

  take(row, review) {
    row.review = review;
    this.list.renew(row);
    this.count();
    if (keyOf(row) === keyOf(this.list.current)) this.open(row);
  }

  dispute(label, row, review) {
    this.page.ask([
      element("b", "Nothing was recorded. "), foreign(review.reviewed_by),
      ` said ${this.said(review)}, `, time(review.reviewed_at), ". ",
    ], [
      ["Leave it so", () => { this.take(row, review); this.list.move(1); }],
      ["Answer all the same", () => { this.take(row, review); this.answer(label, row); }],
    ]);
  }
}

// A list of listings of which one is open: moving, selecting, and what each row shows.

import { element, foreign, picture } from "./dom.js";

export const keyOf = ({ ds, marketplace, listing_id }) =>
  JSON.stringify([ds, marketplace, listing_id]);

export class List {
  constructor(section, { summary, open, select = null }) {
    this.ol = section.querySelector("ol");
    this.all = section.querySelector(".all input");
    Object.assign(this, { summary, open, select, rows: [], at: -1, selected: new Set() });
    this.all?.addEventListener("change", () => this.selectAll(this.all.checked));
  }

  get current() {
    return this.rows[this.at] ?? null;
  }

  show(rows) {
    this.rows = [];
    this.at = -1;
    this.ol.replaceChildren();
    this.selectAll(false);
    this.add(rows);
  }

  add(rows) {
    this.ol.append(...rows.map((row, index) => this.item(row, this.rows.length + index)));
    this.rows.push(...rows);
  }

  item(row, index) {
    const words = element("span", this.summary(row), { class: "words" });
    const button = element("button", [picture(row.image_sha256, ""), words], {
      class: "row", click: () => this.go(index),
    });
    const box = this.select && element("input", [], {
      type: "checkbox", "aria-label": `Select ${row.title}`, "aria-keyshortcuts": "x",
      change: () => this.toggle(index),
    });
    if (box) box.checked = this.selected.has(keyOf(row));
    return element("li", [box, button]);
  }

  renew(row) {
    const index = this.rows.findIndex((one) => keyOf(one) === keyOf(row));
    if (index < 0) return;
    const had = this.ol.children[index].contains(document.activeElement);
    this.ol.children[index].replaceWith(this.item(row, index));
    if (index === this.at) this.mark(had);
  }

  // Of a list just loaded: who is at the filters stays there.
  begin(index = 0) {
    this.go(index, document.activeElement === document.body);
  }

  go(index, focus = true) {
    if (index < 0 || index >= this.rows.length) return;
    this.button(this.at)?.removeAttribute("aria-current");
    this.at = index;
    this.mark(focus);
    this.open(this.current);
  }

  mark(focus) {
    const button = this.button(this.at);
    button.setAttribute("aria-current", "true");
    if (focus) button.focus({ preventScroll: true });
    button.scrollIntoView({ block: "nearest" });
  }

  move(step) {
    this.go(Math.max(0, this.at + step));
  }

  toggle(index) {
    const key = keyOf(this.rows[index]);
    if (!this.selected.delete(key)) this.selected.add(key);
    this.ol.children[index].querySelector("input").checked = this.selected.has(key);
    this.select();
  }

  selectAll(wanted) {
    this.selected = new Set(wanted ? this.rows.map(keyOf) : []);
    for (const box of this.ol.querySelectorAll("input")) box.checked = wanted;
    if (this.all) this.all.checked = wanted;
    this.select?.();
  }

  chosen() {
    const rows = this.rows.filter((row) => this.selected.has(keyOf(row)));
    return rows.length || !this.current ? rows : [this.current];
  }

  button(index) {
    return this.ol.children[index]?.querySelector("button");
  }
}

export const title = (row) => element("span", foreign(row.title), { class: "title", dir: "auto" });

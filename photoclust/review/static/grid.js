// A grid of any length with rows of a fixed height: only what is to be seen is in the page.

import { el } from "./dom.js";

const CHUNK = 100;
const MORE_ROWS = 4;

const textOf = (item) => (item ? JSON.stringify(item) : "");

export class Grid {
  // load(offset, limit) gives { total, items, revision }; draw(item, index) an element; an item has an `id`.
  constructor({ width, height, gap = 12, label, load, draw, onTotal = () => {} }) {
    Object.assign(this, { width, height, gap, load, draw, onTotal });
    this.element = el("div", { class: "grid", role: "list", "aria-label": label });
    this.total = 0;
    this.version = 0;
    this.clear();
    this.cells = new Map();
    this.observer = new ResizeObserver(() => this.layout());
    this.onScroll = () => this.soon();
  }

  clear() {
    this.chunks = new Map();
    this.waiting = new Set();
    this.revision = "";
  }

  start() {
    this.observer.observe(this.element);
    addEventListener("scroll", this.onScroll, { passive: true });
    return this.reload();
  }

  stop() {
    this.observer.disconnect();
    removeEventListener("scroll", this.onScroll);
  }

  // Reads again what is to be seen; what has not changed stays as it is.
  async reload() {
    const version = ++this.version;
    const first = this.firstChunk();
    const fresh = new Map();
    const loaded = await Promise.all(first.map(async (chunk) => [chunk, await this.load(chunk * CHUNK, CHUNK)]));
    if (version !== this.version) return;
    this.clear();
    for (const [chunk, page] of loaded) fresh.set(chunk, page.items);
    this.revision = loaded[0][1].revision;
    this.chunks = fresh;
    this.total = loaded[0][1].total;
    this.onTotal(this.total);
    this.layout();
  }

  firstChunk() {
    const [begin, end] = this.seen();
    const from = Math.floor(begin / CHUNK);
    const to = Math.max(from, Math.min(Math.floor(Math.max(end - 1, 0) / CHUNK), from + 2));
    return Array.from({ length: to - from + 1 }, (_, place) => from + place);
  }

  item(index) {
    return this.chunks.get(Math.floor(index / CHUNK))?.[index % CHUNK];
  }

  items() {
    return [...this.chunks.entries()].sort(([a], [b]) => a - b).flatMap(([, items]) => items);
  }

  indexOf(id) {
    for (const [chunk, items] of this.chunks) {
      const place = items.findIndex((item) => item.id === id);
      if (place >= 0) return chunk * CHUNK + place;
    }
    return -1;
  }

  // All ids from one index to another, as far as they are there; asks for the rest.
  async between(from, to) {
    const [begin, end] = [Math.min(from, to), Math.max(from, to)];
    for (let chunk = Math.floor(begin / CHUNK); chunk <= Math.floor(end / CHUNK); chunk++) await this.fetch(chunk);
    return Array.from({ length: end - begin + 1 }, (_, place) => this.item(begin + place)?.id).filter(Boolean);
  }

  layout() {
    const width = this.element.clientWidth;
    if (!width) return;
    this.columns = Math.max(1, Math.floor((width + this.gap) / (this.width + this.gap)));
    this.cell = (width - this.gap * (this.columns - 1)) / this.columns;
    this.rowHeight = (typeof this.height === "function" ? this.height(this.cell) : this.height) + this.gap;
    this.shape = `${this.columns} ${this.cell} ${this.rowHeight}`;
    this.element.style.height = `${Math.ceil(this.total / this.columns) * this.rowHeight}px`;
    this.render();
  }

  seen() {
    if (!this.columns) return [0, CHUNK];
    const top = -this.element.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / this.rowHeight) - MORE_ROWS);
    const last = Math.ceil((top + innerHeight) / this.rowHeight) + MORE_ROWS;
    return [first * this.columns, Math.min(this.total, last * this.columns)];
  }

  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.columns) this.render();
    });
  }

  async fetch(chunk) {
    if (this.chunks.has(chunk) || this.waiting.has(chunk)) return;
    const version = this.version;
    this.waiting.add(chunk);
    try {
      const page = await this.load(chunk * CHUNK, CHUNK);
      if (version !== this.version) return;
      this.chunks.set(chunk, page.items);
    } finally {
      this.waiting.delete(chunk);
    }
    this.soon();
  }

  render() {
    const [begin, end] = this.seen();
    for (const [index, cell] of this.cells) {
      if (index < begin || index >= end) {
        cell.element.remove();
        this.cells.delete(index);
      }
    }
    for (let index = begin; index < end; index++) this.place(index);
    for (let chunk = Math.floor(begin / CHUNK); chunk <= Math.floor((end - 1) / CHUNK); chunk++) this.fetch(chunk);
  }

  // What is there and has not changed costs nothing: this runs for every cell while one scrolls.
  place(index) {
    const item = this.item(index);
    let cell = this.cells.get(index);
    if (!cell || (cell.item !== item && cell.text !== textOf(item))) {
      const element = el("div", { class: "cell", role: "listitem", "aria-setsize": String(this.total), "aria-posinset": String(index + 1) });
      element.append(item ? this.draw(item, index) : el("div", { class: "loading" }));
      if (cell) this.replace(cell, element, item);
      else this.insert(index, element);
      cell = { element, text: textOf(item), id: item?.id };
      this.cells.set(index, cell);
    }
    cell.item = item;
    if (cell.shape === this.shape) return;
    cell.shape = this.shape;
    const [row, column] = [Math.floor(index / this.columns), index % this.columns];
    const { style } = cell.element;
    style.width = `${this.cell}px`;
    style.height = `${this.rowHeight - this.gap}px`;
    style.transform = `translate(${column * (this.cell + this.gap)}px, ${row * this.rowHeight}px)`;
  }

  // In the order of the page, for whoever goes through it with the keyboard.
  insert(index, element) {
    const before = this.cells.get(index - 1);
    if (before) return before.element.after(element);
    let after = null;
    for (const [other, cell] of this.cells) if (other > index && (after === null || other < after[0])) after = [other, cell.element];
    return this.element.insertBefore(element, after ? after[1] : null);
  }

  // Whoever was typing in a cell goes on typing.
  replace(cell, element, item) {
    const active = document.activeElement;
    const key = cell.element.contains(active) && cell.id === item?.id ? active.dataset.focus : null;
    const typed = key && active.tagName === "INPUT" && active.type === "text" ? active.value : null;
    cell.element.replaceWith(element);
    const next = key ? element.querySelector(`[data-focus="${key}"]`) : null;
    if (next && typed !== null) next.value = typed;
    next?.focus({ preventScroll: true });
  }

  redraw() {
    for (const cell of this.cells.values()) cell.text = cell.item = null;
    if (this.columns) this.render();
  }

  // Moves the focus to a cell, wherever it is.
  focus(index, selector = "[data-focus]") {
    if (index < 0 || index >= this.total) return false;
    const top = this.element.getBoundingClientRect().top + scrollY + Math.floor(index / this.columns) * this.rowHeight;
    const [low, high] = [scrollY + 130, scrollY + innerHeight - this.rowHeight - 90];
    if (top < low || top > high) scrollTo({ top: Math.max(0, top - innerHeight / 3), behavior: "instant" });
    this.render();
    const target = this.cells.get(index)?.element.querySelector(selector);
    target?.focus({ preventScroll: true });
    return Boolean(target);
  }

  // Arrow keys from the cell that has the focus.
  move(event) {
    const index = this.focused();
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns };
    if (index < 0 || !(event.key in steps)) return false;
    return this.focus(index + steps[event.key]);
  }

  focused() {
    const cell = document.activeElement?.closest(".cell");
    for (const [index, one] of this.cells) if (one.element === cell) return index;
    return -1;
  }
}

// Which items are ticked; a click with Shift ticks all from the last one.
export class Ticks {
  constructor(grid, changed) {
    Object.assign(this, { grid, changed, ids: new Set(), last: -1 });
  }

  has(id) {
    return this.ids.has(id);
  }

  async toggle(id, index, range = false) {
    const on = !this.ids.has(id);
    const ids = range && this.last >= 0 ? await this.grid.between(this.last, index) : [id];
    for (const one of ids) on ? this.ids.add(one) : this.ids.delete(one);
    this.last = index;
    this.changed();
  }

  set(ids) {
    this.ids = new Set(ids);
    this.changed();
  }

  clear() {
    if (this.ids.size) this.set([]);
  }
}

// Drawing a face that was not found: with the mouse on the photo, or with the keys.

import { nameField } from "./dialog.js";
import { el, say as speak } from "./dom.js";

const LEAST = 8; // pixels of the photo, as the server wants them
const STEP = 0.01; // of the longer side of the photo, that a key moves the box

// `place` is the element over the photo, as large as it; `add(box, name, person)` is called once a face is drawn.
export class Drawing {
  constructor(place, photo, { add, open, close }) {
    Object.assign(this, { place, photo, add, open, close });
    this.box = null;
    place.classList.add("drawable");
    place.addEventListener("pointerdown", (event) => this.#press(event));
    place.addEventListener("dragstart", (event) => event.preventDefault());
  }

  get active() {
    return Boolean(this.box);
  }

  // Begins in the middle, for the keys.
  begin() {
    const { width, height } = this.photo;
    const side = Math.min(width, height) * 0.2;
    this.#show([(width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2]);
    this.#ask();
    this.frame.focus();
    speak("A box in the middle of the photo. Arrows move it, arrows with Shift size it, Enter goes on, Escape gives up.");
  }

  cancel() {
    this.frame?.remove();
    this.box = this.frame = null;
    if (this.field) this.field.input.value = "";
    this.close();
  }

  #at(event) {
    const { left, top, width, height } = this.place.getBoundingClientRect();
    const clamp = (value, most) => Math.min(Math.max(value, 0), most);
    return [clamp(((event.clientX - left) / width) * this.photo.width, this.photo.width), clamp(((event.clientY - top) / height) * this.photo.height, this.photo.height)];
  }

  #press(event) {
    const touch = event.pointerType === "touch" && !this.active;
    const gone = !this.place.querySelector("img.photo");
    if (event.button !== 0 || touch || gone || event.target.closest("a, button")) return;
    event.preventDefault();
    const [x, y] = this.#at(event);
    const held = event.target === this.frame ? this.box : null; // the box is moved, not drawn anew
    let drawn = false;
    const move = (next) => {
      const [u, v] = this.#at(next);
      if (!drawn && Math.hypot(next.clientX - event.clientX, next.clientY - event.clientY) < 5) return;
      drawn = true;
      this.#show(held ? this.#moved(held, u - x, v - y) : [Math.min(x, u), Math.min(y, v), Math.max(x, u), Math.max(y, v)]);
    };
    const up = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", up);
      removeEventListener("pointercancel", up);
      if (!drawn) return;
      const [x0, y0, x1, y1] = this.box;
      if (Math.min(x1 - x0, y1 - y0) < LEAST) return this.cancel();
      this.#ask().input.focus({ preventScroll: true });
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", up);
    addEventListener("pointercancel", up);
  }

  #show(box) {
    this.box = box;
    if (!this.frame) {
      this.frame = el("div", { class: "box draft", tabIndex: 0, role: "group", "aria-label": "The face that is drawn: arrows move it, arrows with Shift size it", onkeydown: (event) => this.#key(event) });
      this.place.append(this.frame);
    }
    const [x0, y0, x1, y1] = box;
    const { width, height } = this.photo;
    Object.assign(this.frame.style, { left: `${(100 * x0) / width}%`, top: `${(100 * y0) / height}%`, width: `${(100 * (x1 - x0)) / width}%`, height: `${(100 * (y1 - y0)) / height}%` });
  }

  #key(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (by) this.#moveBy(...by, event.shiftKey);
    else if (event.key === "Enter") this.field.input.focus({ preventScroll: true });
    else if (event.key === "Escape") this.cancel();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #moveBy(right, down, sizes) {
    const { width, height } = this.photo;
    const step = Math.max(1, STEP * Math.max(width, height));
    let [x0, y0, x1, y1] = this.box;
    if (sizes) {
      x1 = Math.min(Math.max(x1 + right * step, x0 + LEAST), width);
      y1 = Math.min(Math.max(y1 + down * step, y0 + LEAST), height);
      this.#show([x0, y0, x1, y1]);
    } else this.#show(this.#moved(this.box, right * step, down * step));
  }

  // A box elsewhere, as far as the photo goes.
  #moved([x0, y0, x1, y1], right, down) {
    const dx = Math.min(Math.max(right, -x0), this.photo.width - x1);
    const dy = Math.min(Math.max(down, -y0), this.photo.height - y1);
    return [x0 + dx, y0 + dy, x1 + dx, y1 + dy];
  }

  // The field for the name; one that is open already stays, for another box.
  #ask() {
    const done = (name, person) => {
      const box = this.box.map(Math.round);
      this.cancel();
      this.add(box, name, person);
    };
    this.field ??= nameField({ label: "Whose face this is", placeholder: "Name, if you know it", take: (...said) => done(...said), leave: () => this.cancel() });
    this.open(
      el(
        "section",
        { class: "card drawing", "aria-label": "A face drawn by hand" },
        el("p", {}, el("strong", {}, "A face drawn by hand")),
        this.field,
        el(
          "div",
          { class: "buttons" },
          el("button", { type: "button", class: "primary", onclick: () => this.field.input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true })) }, "Add the face"),
          el("button", { type: "button", onclick: () => this.cancel() }, "Cancel"),
        ),
      ),
    );
    return this.field;
  }
}

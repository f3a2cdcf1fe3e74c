// Small windows: a question with a few answers, and the field for a name with completion.

import { get, thumbnail } from "./api.js";
import { count, el, fill } from "./dom.js";

let numbered = 0;

function open(dialog) {
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.showModal();
}

// Gives the value of the answer that was chosen, or null.
export function ask(title, text, choices) {
  return new Promise((resolve) => {
    const id = `dialog-${++numbered}`;
    let chosen = null;
    const buttons = choices.map(({ label, value, primary }) =>
      el("button", { type: "button", class: primary ? "primary" : "", onclick: () => ((chosen = value), dialog.close()) }, label),
    );
    const dialog = el(
      "dialog",
      { "aria-labelledby": id },
      el("h2", { id }, title),
      el("p", {}, text),
      el("div", { class: "buttons" }, buttons, el("button", { type: "button", onclick: () => dialog.close() }, "Cancel")),
    );
    dialog.addEventListener("close", () => resolve(chosen));
    open(dialog);
  });
}

export function showWindow(title, ...content) {
  const id = `dialog-${++numbered}`;
  const dialog = el(
    "dialog",
    { "aria-labelledby": id },
    el("h2", { id }, title),
    content,
    el("div", { class: "buttons" }, el("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "Close")),
  );
  open(dialog);
  return dialog;
}

// A field for a name. `take(name, person)` is called with Enter; `person` is somebody who has the name, or "".
export function nameField({ label, value = "", placeholder = "Name", take, leave = null, known = false }) {
  const list = `names-${++numbered}`;
  const input = el("input", {
    type: "text",
    class: "name-field",
    "aria-label": label,
    placeholder,
    value,
    maxLength: 200,
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": list,
    "aria-autocomplete": "list",
    autocomplete: "off",
    spellcheck: "false",
    enterkeyhint: "done",
    data: { focus: "name" },
  });
  const options = el("ul", { class: "completions", id: list, role: "listbox", "aria-label": "Names that are there", hidden: true });
  let found = [];
  let active = -1;
  let asked = 0;

  function close() {
    options.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    active = -1;
  }
  function mark(next) {
    active = next;
    [...options.children].forEach((child, index) => child.setAttribute("aria-selected", String(index === active)));
    if (active >= 0) input.setAttribute("aria-activedescendant", `${list}-${active}`);
    else input.removeAttribute("aria-activedescendant");
  }
  async function complete() {
    const mine = ++asked;
    const text = input.value.trim();
    if (!text) return close();
    const names = await get("/names", { search: text, limit: 6 }).catch(() => []);
    if (mine !== asked || document.activeElement !== input) return null;
    found = names;
    fill(
      options,
      names.map((one, index) =>
        el(
          "li",
          { role: "option", id: `${list}-${index}`, "aria-selected": "false", onmousedown: (event) => (event.preventDefault(), choose(index)) },
          el("img", { src: thumbnail(one.cover), alt: "", width: 28, height: 28 }),
          el("bdi", {}, one.name),
          el("span", { class: "fine" }, count(one.faces, "face")),
        ),
      ),
    );
    active = -1;
    options.hidden = !names.length;
    input.setAttribute("aria-expanded", String(Boolean(names.length)));
    return null;
  }
  function choose(index) {
    input.value = found[index].name;
    close();
    take(found[index].name, found[index].person);
  }
  function done() {
    const name = input.value.trim();
    const person = found.find((one) => one.name === name)?.person ?? "";
    close();
    if (known && !person) return;
    take(name, person);
  }
  input.addEventListener("input", complete);
  input.addEventListener("blur", () => (++asked, close()));
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && !options.hidden) mark(Math.min(active + 1, found.length - 1));
    else if (event.key === "ArrowUp" && !options.hidden) mark(Math.max(active - 1, -1));
    else if (event.key === "Enter") active >= 0 ? choose(active) : done();
    else if (event.key === "Escape") {
      if (!options.hidden) close();
      else if (leave) leave();
      else input.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return Object.assign(el("div", { class: "naming" }, input, options), { input });
}

// Asks for a person: gives { name, person } or null; with `known`, only for somebody who is there.
export function askName(title, { value = "", text = "", known = false } = {}) {
  return new Promise((resolve) => {
    const id = `dialog-${++numbered}`;
    let chosen = null;
    const take = (name, person) => ((chosen = { name, person }), dialog.close());
    const field = nameField({ label: title, value, take, leave: () => dialog.close(), known });
    const accept = () => field.input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    const dialog = el(
      "dialog",
      { "aria-labelledby": id },
      el("h2", { id }, title),
      text && el("p", {}, text),
      field,
      el(
        "div",
        { class: "buttons" },
        el("button", { type: "button", class: "primary", onclick: accept }, "OK"),
        el("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
      ),
    );
    dialog.addEventListener("close", () => resolve(chosen));
    open(dialog);
    field.input.select();
  });
}

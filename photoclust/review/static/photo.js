// One photo with boxes and names, and what can be said of each face in it.

import { get, personPath, thumbnail } from "./api.js";
import { nameField } from "./dialog.js";
import { el, fill, percent } from "./dom.js";
import { photoView } from "./parts.js";
import { fail, say } from "./say.js";
import { state } from "./state.js";

// Whether somebody is worth naming of whom it is not sure that it is their face.
const likely = (face) => !face.person && face.likeliest && face.chance >= 0.02;

export async function show(main, { id }) {
  let photo = await get(`/photos/${encodeURIComponent(id)}`);
  let revision = state.current?.revision ?? "";
  const list = el("ul", { class: "photo-faces" });

  const act = (said) => say(said, { revision, after: reload }).catch(fail);

  // A face that somebody who is there is given to; or the name of the person whose face it is.
  function take(face, name, person) {
    if (person && person !== face.person) return act({ kind: "same", people: [person], faces: [face.id] });
    if (name && face.person && !person) return act({ kind: "name", people: [face.person], name });
    return null;
  }

  function row(face) {
    const unnamed = !face.person || /^Person \d+$/.test(face.called);
    return el(
      "li",
      { class: "card" },
      el("img", { src: thumbnail(face.id), alt: "", width: 72, height: 72 }),
      el(
        "div",
        {},
        el("p", {}, face.person ? el("a", { href: personPath(face.person) }, el("bdi", {}, face.called)) : el("span", {}, likely(face) ? `Perhaps ${face.likeliest_called}` : "Nobody known"), el("span", { class: "fine" }, face.person || likely(face) ? ` ${percent(face.person ? face.confidence : face.chance)}` : "")),
        el(
          "div",
          { class: "buttons" },
          nameField({ label: `Who ${face.called || "this face"} is`, placeholder: unnamed ? "Name" : "Somebody else", take: (name, person) => take(face, name, person), known: !face.person }),
          face.person && el("button", { type: "button", onclick: () => act({ kind: "reject", people: [face.person], faces: [face.id] }) }, `Not ${face.called}`),
          likely(face) && el("button", { type: "button", onclick: () => act({ kind: "same", people: [face.likeliest], faces: [face.id] }) }, `It is ${face.likeliest_called}`),
        ),
      ),
    );
  }

  const frame = el("div", { class: "photo-large" });
  function draw() {
    fill(frame, photoView(photo, { size: 2560 }));
    fill(list, photo.faces.map(row), !photo.faces.length && el("li", { class: "fine" }, "No face was found in it."));
  }

  async function reload() {
    revision = state.current?.revision ?? "";
    photo = await get(`/photos/${encodeURIComponent(id)}`);
    fill(list, photo.faces.map(row));
    frame.querySelectorAll(".box").forEach((one) => one.remove());
    frame.firstElementChild?.append(...photoView(photo, { size: 2560 }).querySelectorAll(".box"));
  }

  draw();
  fill(main, el("div", { class: "page-head" }, el("h1", {}, el("bdi", {}, photo.name)), el("span", { class: "fine" }, el("bdi", {}, photo.place), photo.taken ? ` · ${photo.taken.slice(0, 16)}` : "")), el("div", { class: "photo-page" }, frame, list));
  return { title: photo.name, refresh: reload, stop() {} };
}

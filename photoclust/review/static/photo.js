// One photo with boxes and names, what can be said of each face in it, and of what is missing or none.

import { get, personPath, thumbnail } from "./api.js";
import { nameField } from "./dialog.js";
import { el, fill, percent } from "./dom.js";
import { Drawing } from "./draw.js";
import { photoView } from "./parts.js";
import { fail, say } from "./say.js";
import { state } from "./state.js";

// Whether somebody is worth naming of whom it is not sure that it is their face.
const likely = (face) => !face.person && face.likeliest && face.chance >= 0.02;

export async function show(main, { id }) {
  let photo = await get(`/photos/${encodeURIComponent(id)}`);
  let revision = state.current?.revision ?? "";
  const list = el("ul", { class: "photo-faces" });
  const none = el("section", { class: "no-faces", "aria-label": "Not faces", hidden: true });
  const draft = el("div", {});

  const act = (said) => say(said, { revision, after: reload }).catch(fail);
  const noFace = (face, undo = false) => act({ kind: "not_a_face", faces: [face.id], undo });

  // A face that somebody who is there is given to; or the name of the person whose face it is.
  function take(face, name, person) {
    if (person && person !== face.person) return act({ kind: "same", people: [person], faces: [face.id] });
    if (name && face.person && !person) return act({ kind: "name", people: [face.person], name });
    return null;
  }

  function add(box, name, person) {
    return act({ kind: "draw", photo: id, box, name: person ? "" : name, people: person ? [person] : [] });
  }

  const remark = (face) => (face.status === "waiting" ? " drawn by hand, being read …" : face.drawn ? " drawn by hand" : "");

  function title(face) {
    if (face.person) return el("a", { href: personPath(face.person) }, el("bdi", {}, face.called));
    return el("span", {}, el("bdi", {}, face.called || (likely(face) ? `Perhaps ${face.likeliest_called}` : "Nobody known")));
  }

  function row(face) {
    const unnamed = !face.person || /^Person \d+$/.test(face.called);
    const waits = face.status === "waiting";
    const sure = face.person || likely(face) ? ` ${percent(face.person ? face.confidence : face.chance)}` : "";
    return el(
      "li",
      { class: "card", data: { face: face.id } },
      el("img", { src: thumbnail(face.id), alt: "", width: 72, height: 72 }),
      el(
        "div",
        {},
        el("p", {}, title(face), el("span", { class: "fine" }, sure, remark(face))),
        !waits &&
          el(
            "div",
            { class: "buttons" },
            nameField({ label: `Who ${face.called || "this face"} is`, placeholder: unnamed ? "Name" : "Somebody else", take: (name, person) => take(face, name, person), known: !face.person }),
            face.person && el("button", { type: "button", onclick: () => act({ kind: "reject", people: [face.person], faces: [face.id] }) }, `Not ${face.called}`),
            likely(face) && el("button", { type: "button", onclick: () => act({ kind: "same", people: [face.likeliest], faces: [face.id] }) }, `It is ${face.likeliest_called}`),
            el("button", { type: "button", "aria-keyshortcuts": "f", onclick: () => noFace(face) }, "Not a face"),
          ),
      ),
    );
  }

  function noneRow(face) {
    return el("li", {}, el("img", { src: thumbnail(face.id), alt: "Not a face", width: 44, height: 44 }), el("button", { type: "button", onclick: () => noFace(face, true) }, "It is a face"));
  }

  function drawLists() {
    fill(list, photo.faces.map(row), !photo.faces.length && el("li", { class: "fine" }, "No face was found in it."));
    none.hidden = !photo.no_faces.length;
    fill(none, el("h2", {}, "Not faces"), el("ul", {}, photo.no_faces.map(noneRow)));
  }

  const frame = el("div", { class: "photo-large" });
  const there = () => Boolean(frame.querySelector("img.photo")); // and has not moved or vanished
  let drawing = null;
  function draw() {
    fill(frame, photoView(photo, { size: 2560 }));
    const place = frame.querySelector(".photo-frame");
    const drawable = photo.width && photo.height;
    drawing = drawable && new Drawing(place, photo, { add, open: (card) => fill(draft, card), close: () => fill(draft) });
    drawLists();
  }

  async function reload() {
    revision = state.current?.revision ?? "";
    photo = await get(`/photos/${encodeURIComponent(id)}`);
    drawLists();
    frame.querySelectorAll(".box:not(.draft)").forEach((one) => one.remove());
    if (there()) frame.firstElementChild.append(...photoView(photo, { size: 2560 }).querySelectorAll(".box"));
  }

  // The face in whose row the focus is.
  const focused = () => photo.faces.find((face) => face.id === document.activeElement?.closest("[data-face]")?.dataset.face);

  function key(event) {
    if (event.key === "d" && drawing && there()) return drawing.begin(), true;
    if (event.key === "Escape" && drawing?.active) return drawing.cancel(), true;
    if (event.key === "f" && focused()) return noFace(focused()), true;
    return false;
  }

  draw();
  const begin = el("button", { type: "button", "aria-keyshortcuts": "d", title: "Or drag a box on the photo", disabled: !drawing, onclick: () => drawing.begin() }, "Draw a face (d)");
  frame.querySelector("img.photo").addEventListener("error", () => (begin.disabled = true), { once: true });
  fill(
    main,
    el("div", { class: "page-head" }, el("h1", {}, el("bdi", {}, photo.name)), el("span", { class: "fine" }, el("bdi", {}, photo.place), photo.taken ? ` · ${photo.taken.slice(0, 16)}` : ""), el("span", { class: "grow" }), begin),
    el("div", { class: "photo-page" }, frame, el("div", {}, draft, list, none)),
  );
  return { title: photo.name, key, refresh: reload, stop() {} };
}

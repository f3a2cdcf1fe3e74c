// Pieces that several pages use.

import { get, personPath, photoPath, picture, thumbnail } from "./api.js";
import { count, day, el, fill, percent } from "./dom.js";

let numbered = 0;

export function select(label, options, value, take) {
  const id = `select-${++numbered}`;
  return el(
    "span",
    { class: "select" },
    el("label", { for: id }, label),
    el(
      "select",
      { id, onchange: (event) => take(event.target.value) },
      Object.entries(options).map(([key, text]) => el("option", { value: key, selected: key === String(value) }, text)),
    ),
  );
}

export const faceImage = (face, alt, size = 96) => el("img", { src: thumbnail(face), alt, width: size, height: size, loading: "lazy" });

export function personLink(person, more = "") {
  return el(
    "a",
    { class: "person-link", href: personPath(person.id) },
    faceImage(person.cover, "", 44),
    el("span", {}, el("bdi", {}, person.called), el("span", { class: "fine" }, more || count(person.faces, "face"))),
  );
}

// A photo with a box around each face; `marked` is the face that is looked at.
export function photoView(photo, { marked = "", size = 1280 } = {}) {
  const image = el("img", { class: "photo", src: picture(photo.id, size), alt: `Photo ${photo.name}`, width: photo.width || 4, height: photo.height || 3 });
  const boxes = photo.faces.map((face) => box(photo, face, face.id === marked));
  const frame = el("div", { class: "photo-frame" }, image, boxes);
  frame.style.aspectRatio = photo.width && photo.height ? `${photo.width} / ${photo.height}` : "";
  image.addEventListener("error", () => explain(photo, frame, marked), { once: true });
  return frame;
}

function box(photo, face, marked) {
  const [x0, y0, x1, y1] = face.box;
  const called = face.called || (face.chance >= 0.02 ? `${face.likeliest_called}?` : "nobody");
  const content = el("span", { class: "box-name" }, el("bdi", {}, called));
  const sure = face.person || face.chance >= 0.02 ? `, ${percent(face.person ? face.confidence : face.chance)}` : "";
  const properties = { class: `box${marked ? " marked" : ""}${face.person ? "" : " unsure"}`, title: `${called}${sure}${face.drawn ? ", drawn by hand" : ""}` };
  const element = face.person ? el("a", { ...properties, href: personPath(face.person) }, content) : el("span", properties, content);
  if (photo.width && photo.height) {
    const clamp = (value, most) => Math.min(Math.max(value, 0), most);
    element.style.left = `${(100 * clamp(x0, photo.width)) / photo.width}%`;
    element.style.top = `${(100 * clamp(y0, photo.height)) / photo.height}%`;
    element.style.width = `${(100 * (clamp(x1, photo.width) - clamp(x0, photo.width))) / photo.width}%`;
    element.style.height = `${(100 * (clamp(y1, photo.height) - clamp(y0, photo.height))) / photo.height}%`;
  }
  return element;
}

// The photo has moved, vanished or changed: the crops are still there.
async function explain(photo, frame, marked) {
  const answer = await fetch(picture(photo.id, 1280)).catch(() => null);
  const said = answer && !answer.ok ? (await answer.json().catch(() => ({}))).message : "";
  const faces = photo.faces.filter((face) => !marked || face.id === marked);
  frame.style.aspectRatio = "";
  fill(
    frame,
    el("div", { class: "gone" }, faces.map((face) => faceImage(face.id, `Face of ${face.called || "nobody"}`, 128)), el("p", { class: "fine" }, "The photo cannot be shown. ", said || "")),
  );
}

export function photoCaption(photo) {
  return el(
    "p",
    { class: "caption" },
    el("a", { href: photoPath(photo.id), title: photo.place }, el("bdi", {}, photo.name)),
    el("span", { class: "fine" }, photo.taken ? ` ${day(photo.taken)}` : ""),
  );
}

export async function showPhotoOf(place, face) {
  if (!face.photo) return fill(place, faceImage(face.id, "Face", 160), el("p", { class: "fine" }, "The photo is no longer in the index."));
  const photo = await get(`/photos/${encodeURIComponent(face.photo)}`);
  return fill(place, photoView(photo, { marked: face.id }), photoCaption(photo));
}

export function bars(rows, label) {
  const most = Math.max(1, ...rows.map(([, value]) => value));
  return el(
    "table",
    { class: "bars" },
    el("caption", { class: "hidden" }, label),
    el(
      "tbody",
      {},
      rows.map(([name, value]) => {
        const bar = value ? el("span", { class: "bar-fill" }) : "";
        if (value) bar.style.width = `${(100 * value) / most}%`;
        return el("tr", {}, el("th", { scope: "row" }, name), el("td", { class: "bar-cell" }, bar), el("td", { class: "number" }, value.toLocaleString("en")));
      }),
    ),
  );
}

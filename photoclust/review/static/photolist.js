// Photos as a list: names, dates and the crops of who is in them. No photo is opened for it.

import { photoPath, thumbnail } from "./api.js";
import { count, day, el } from "./dom.js";
import { Grid } from "./grid.js";

const MOST_FACES = 6;

export function photoGrid(load, total) {
  return new Grid({ width: 330, height: 112, gap: 10, label: "Photos", load, draw, onTotal: (number) => (total.textContent = count(number, "photo")) });
}

function draw(photo) {
  const names = photo.faces.map((face) => face.called).filter(Boolean);
  const more = photo.faces.length - MOST_FACES;
  return el(
    "a",
    { class: "photo-card", href: photoPath(photo.id), title: photo.place, data: { focus: "photo" } },
    el("span", { class: "photo-name" }, el("bdi", {}, photo.name), el("span", { class: "fine" }, day(photo.taken))),
    el("span", { class: "crops" }, photo.faces.slice(0, MOST_FACES).map((face) => el("img", { src: thumbnail(face.id), alt: "", width: 44, height: 44, loading: "lazy" })), more > 0 && el("span", { class: "fine" }, `+${more}`)),
    el("span", { class: "fine names" }, names.length ? names.join(", ") : photo.faces.length ? "nobody known" : "no face"),
  );
}

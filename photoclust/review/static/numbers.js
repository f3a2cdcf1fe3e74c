// The index in numbers, and a map of its people.

import { get, personPath, thumbnail } from "./api.js";
import { el, fill } from "./dom.js";
import { bars } from "./parts.js";
import { fail } from "./say.js";

const figure = (number, label) => el("div", { class: "figure" }, el("dt", {}, label), el("dd", {}, number.toLocaleString("en")));
const section = (title, ...content) => el("section", { class: "card" }, el("h2", {}, title), content);

export async function show(main) {
  const found = await get("/numbers");
  const photos = found.photos;
  const years = found.years.map((one) => [one.key || "no date", one.faces]);
  const map = el("div", { class: "map" });
  fill(
    main,
    el("div", { class: "page-head" }, el("h1", {}, "Numbers")),
    el(
      "dl",
      { class: "figures" },
      figure(found.people, "people"),
      figure(found.named, "with a name"),
      figure(found.faces, "faces"),
      figure(found.in_people, "faces of people"),
      figure(found.unsure, "left over"),
      figure(found.low_quality, "too poor to tell"),
      figure(photos.seen, "photos"),
      figure(photos.without_faces, "without a face"),
      figure(photos.failed, "could not be used"),
      figure(photos.missing, "no longer there"),
    ),
    el(
      "div",
      { class: "charts" },
      section("Faces by year", bars(years, "Faces by year")),
      section("Faces by confidence", bars(found.confidence.map((one) => [`${one.key * 10} to ${one.key * 10 + 10} %`, one.faces]), "Faces of people by how sure it is that they are theirs")),
      section("People by number of faces", bars(found.sizes.map((one) => [one.key === 1 ? "1" : `${one.key} to ${2 * one.key - 1}`, one.faces]), "People by number of faces")),
    ),
    section("Map of the largest people", el("p", { class: "fine" }, "The nearer two are, the more alike they look. Sides of 512 numbers are pressed into two: take it as a hint."), map),
    found.failed.length > 0 &&
      section(
        "Photos that could not be used",
        el("table", {}, el("thead", {}, el("tr", {}, ["Photo", "Why", "Tried"].map((one) => el("th", { scope: "col" }, one)))), el("tbody", {}, found.failed.map((one) => el("tr", {}, el("td", {}, el("bdi", {}, one.uri)), el("td", {}, `${one.stage}: ${one.error}`), el("td", {}, String(one.attempts)))))),
      ),
  );
  get("/map").then(({ points }) => drawMap(map, points)).catch(fail);
  return { title: "Numbers", refresh: () => Promise.resolve(), stop() {} };
}

function drawMap(place, points) {
  if (!points.length) return fill(place, el("p", { class: "fine" }, "There are too few people for a map."));
  const most = Math.max(...points.map((one) => one.person.faces));
  return fill(
    place,
    points.toReversed().map(({ x, y, person }) => {
      const size = 20 + 32 * Math.sqrt(person.faces / most);
      const link = el("a", { href: personPath(person.id), title: person.called, "aria-label": person.called }, el("img", { src: thumbnail(person.cover), alt: "", loading: "lazy" }));
      Object.assign(link.style, { left: `${2 + 96 * x}%`, top: `${2 + 96 * y}%`, width: `${size}px`, height: `${size}px` });
      return link;
    }),
  );
}

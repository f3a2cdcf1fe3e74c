// A person: a dense grid of faces, the photo beside it, and everything that can be said of them.

import { get, personPath, photoPath, some, thumbnail } from "./api.js";
import { askName } from "./dialog.js";
import { count, day, el, fill, percent } from "./dom.js";
import { Grid, Ticks } from "./grid.js";
import { personLink, select, showPhotoOf } from "./parts.js";
import { fail, say, toast } from "./say.js";

const ORDERS = { confidence: "Surest first", doubt: "Least sure first", time: "Time", likeness: "Likeness" };

export async function show(main, { id, query, go, remember }) {
  let page = await get(`/people/${encodeURIComponent(id)}`);
  const person = () => page.person;
  const wanted = { order: query.get("order") ?? "confidence", year: query.get("year") ?? "", group: query.get("group") ?? "" };
  const side = el("aside", { class: "beside", "aria-label": "Photo of the face" }, el("p", { class: "fine" }, "Choose a face to see its photo."));
  const head = el("div", { class: "page-head person-head" });
  const more = el("div", { class: "more" });
  const bar = el("div", { class: "bar", role: "toolbar", "aria-label": "What to do with the ticked faces", hidden: true });
  const total = el("span", { class: "fine", role: "status" });
  const grid = new Grid({
    width: 84,
    height: (cell) => cell,
    gap: 6,
    label: "Faces",
    load: (offset, limit) => some(`/people/${encodeURIComponent(person().id)}/faces`, { ...wanted, offset, limit }),
    draw: tile,
    onTotal: (number) => (total.textContent = number === person().faces ? "" : `· ${number.toLocaleString("en")} of them`),
  });
  const ticks = new Ticks(grid, () => (grid.redraw(), drawBar()));

  function tile(face, index) {
    const ticked = ticks.has(face.id);
    const label = `Face ${index + 1}, ${percent(face.confidence)} sure${face.taken ? `, ${day(face.taken)}` : ""}`;
    return el(
      "button",
      {
        type: "button",
        class: `face${ticked ? " ticked" : ""}${face.confidence < 0.5 ? " doubtful" : ""}`,
        "aria-pressed": String(ticked),
        "aria-label": label,
        title: label,
        data: { focus: "face" },
        onclick: (event) => (look(face), ticks.toggle(face.id, index, event.shiftKey)),
        onfocus: () => lookSoon(face),
        ondblclick: () => face.photo && go(photoPath(face.photo)),
      },
      el("img", { src: thumbnail(face.id), alt: "", loading: "lazy", draggable: "false" }),
    );
  }

  let looked = "";
  function look(face) {
    if (face.id === looked) return;
    looked = face.id;
    showPhotoOf(side, face).catch(fail);
  }
  function lookSoon(face) {
    clearTimeout(look.timer);
    look.timer = setTimeout(() => look(face), 120);
  }

  const focusedFace = () => grid.item(grid.focused());
  const chosen = () => (ticks.ids.size ? [...ticks.ids] : focusedFace() ? [focusedFace().id] : []);

  async function act(said, { stay = true } = {}) {
    const told = await say(said, { revision: grid.revision || page.revision, after: stay ? refresh : null });
    if (told) ticks.clear();
    return told;
  }
  const reject = () => chosen().length && act({ kind: "reject", people: [person().id], faces: chosen() });
  const noFace = () => chosen().length && act({ kind: "not_a_face", faces: chosen() });
  const split = () => chosen().length && act({ kind: "split", people: [person().id], faces: chosen() });
  const cover = () => (chosen().length === 1 ? act({ kind: "cover", people: [person().id], faces: chosen() }) : toast("Tick one face for the cover."));

  async function move() {
    const faces = chosen();
    if (!faces.length) return;
    const said = await askName(`Whose ${faces.length > 1 ? "are these faces" : "is this face"}?`, { known: true, text: "Somebody who has a name." });
    if (said) await act({ kind: "same", people: [said.person], faces });
  }

  async function rename() {
    const said = await askName(`Name of ${person().called}`, { value: person().name });
    if (said) await act({ kind: "name", people: [person().id], name: said.name });
  }
  const ignore = () => act({ kind: "ignore", people: [person().id], undo: person().ignored });

  async function mergeInto() {
    const said = await askName(`With whom is ${person().called} one person?`, { known: true, text: "Somebody who has a name; they keep it." });
    if (!said || said.person === person().id) return;
    const told = await act({ kind: "merge", people: [said.person, person().id] }, { stay: false });
    if (told) go(personPath(said.person));
  }

  function drawHead() {
    const one = person();
    fill(
      head,
      el("img", { class: "cover", src: thumbnail(one.cover), alt: "", width: 72, height: 72 }),
      el("div", {}, el("h1", {}, el("bdi", {}, one.called)), el("p", { class: "fine" }, `${count(one.faces, "face")} in ${count(one.photos, "photo")}`, one.confidence !== null ? `, ${percent(one.confidence)} sure` : "", one.ignored ? ", ignored" : "", " ", total)),
      el("span", { class: "grow" }),
      el("button", { type: "button", class: one.name ? "" : "primary", onclick: rename }, one.name ? "Rename (n)" : "Name (n)"),
      el("button", { type: "button", onclick: mergeInto }, "Merge with …"),
      el("button", { type: "button", onclick: () => ignore() }, one.ignored ? "No longer ignore (i)" : "Ignore (i)"),
      select("Order", ORDERS, wanted.order, (order) => again({ order })),
    );
  }

  function chip(label, faces, on, take) {
    return el("button", { type: "button", class: `chip${on ? " on" : ""}`, "aria-pressed": String(on), onclick: take }, label, el("span", { class: "fine" }, ` ${faces}`));
  }

  function drawMore() {
    const years = page.years.filter((one) => one.key);
    const groups = page.groups.filter((one) => one.key >= 0).sort((a, b) => b.faces - a.faces);
    fill(
      more,
      years.length > 1 && el("div", { class: "chips", role: "group", "aria-label": "Years" }, page.years.map((one) => chip(one.key || "no date", one.faces, wanted.year === String(one.key), () => again({ year: wanted.year === String(one.key) ? "" : String(one.key) })))),
      groups.length > 1 && el("div", { class: "chips", role: "group", "aria-label": "Sub-groups that look alike" }, groups.slice(0, 12).map((one, place) => chip(`Group ${place + 1}`, one.faces, wanted.group === String(one.key), () => again({ group: wanted.group === String(one.key) ? "" : String(one.key) }))), wanted.group !== "" && el("button", { type: "button", onclick: tickAll }, "Tick the whole group")),
    );
  }

  async function tickAll() {
    ticks.set(await grid.between(0, grid.total - 1));
  }

  const others = el("div", { class: "others" });
  function drawOthers() {
    const merge = (other) => act({ kind: "merge", people: other.name && !person().name ? [other.id, person().id] : [person().id, other.id] });
    const apart = (other) => act({ kind: "different", people: [person().id, other.id] });
    fill(
      others,
      page.near.length > 0 && el("section", {}, el("h2", {}, "Looks most like"), el("ul", {}, page.near.map(({ person: other, chance }) => el("li", {}, personLink(other, chance >= 0.01 ? `${percent(chance)} likely the same` : ""), el("button", { type: "button", onclick: () => merge(other).catch(fail), "aria-label": `${other.called} is the same person` }, "Same"), el("button", { type: "button", class: "quiet", onclick: () => apart(other).catch(fail), "aria-label": `${other.called} is somebody else` }, "Not"))))),
      page.together.length > 0 && el("section", {}, el("h2", {}, "In photos with"), el("ul", {}, page.together.map(({ person: other, photos }) => el("li", {}, personLink(other, count(photos, "photo")), el("a", { class: "button", href: `/find?with=${encodeURIComponent(person().id)}&with=${encodeURIComponent(other.id)}`, "aria-label": `Photos with ${other.called}` }, "Photos"))))),
    );
  }

  function drawBar() {
    const number = ticks.ids.size;
    bar.hidden = !number;
    if (!number) return;
    fill(
      bar,
      el("strong", {}, count(number, "face")),
      el("button", { type: "button", class: "primary", onclick: split }, "Pull out (p)"),
      el("button", { type: "button", onclick: reject }, `Not ${person().called} (x)`),
      el("button", { type: "button", onclick: () => move().catch(fail) }, "Move to … (m)"),
      number === 1 && el("button", { type: "button", onclick: cover }, "Cover (c)"),
      el("button", { type: "button", onclick: noFace }, number > 1 ? "Not faces (f)" : "Not a face (f)"),
      el("button", { type: "button", class: "quiet", onclick: () => ticks.clear() }, "Untick (Esc)"),
    );
  }

  function draw() {
    drawHead();
    drawMore();
    drawOthers();
    drawBar();
  }

  async function again(changed) {
    Object.assign(wanted, changed);
    remember({ ...wanted, order: wanted.order === "confidence" ? "" : wanted.order });
    draw();
    await grid.reload().catch(fail);
  }

  async function refresh() {
    try {
      page = await get(`/people/${encodeURIComponent(person().id)}`);
    } catch (error) {
      if (error.status !== 400) throw error;
      toast(error.message);
      return go("/people", { replace: true });
    }
    // A year or a sub-group of which no face is left would show nothing at all.
    const gone = Object.entries({ year: page.years, group: page.groups }).filter(([name, there]) => wanted[name] !== "" && !there.some((one) => String(one.key) === wanted[name]));
    if (gone.length) return again(Object.fromEntries(gone.map(([name]) => [name, ""])));
    draw();
    return grid.reload();
  }

  draw();
  fill(main, el("div", { class: "person-page" }, el("div", { class: "person-main" }, head, more, grid.element), el("div", { class: "person-side" }, side, others)), bar);
  await grid.start();

  function key(event) {
    if (grid.move(event)) return true;
    const keys = { n: rename, m: move, x: reject, f: noFace, p: split, c: cover, i: ignore, Escape: () => ticks.clear() };
    if (event.key === "o" && focusedFace()?.photo) return go(photoPath(focusedFace().photo)), true;
    if (!(event.key in keys)) return false;
    Promise.resolve(keys[event.key]()).catch(fail);
    return true;
  }

  return { title: person().called, key, refresh, stop: () => grid.stop() };
}

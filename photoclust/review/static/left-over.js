// Faces that are nobody's, in rows by who they may be: tick them, or a whole row.

import { get, thumbnail } from "./api.js";
import { askName } from "./dialog.js";
import { count, el, fill, percent } from "./dom.js";
import { personLink } from "./parts.js";
import { fail, say } from "./say.js";

const STEP = 10;

export async function show(main) {
  const ticked = new Set();
  let shown = STEP;
  let page = null;
  const rows = el("div", { class: "left-rows" });
  const total = el("span", { class: "fine", role: "status" });

  function face(one, row) {
    const on = ticked.has(one.id);
    const label = `Face${row.person ? `, ${percent(one.chance)} ${row.person.called}` : ""}`;
    return el(
      "li",
      {},
      el("button", { type: "button", class: `face${on ? " ticked" : ""}`, "aria-pressed": String(on), "aria-label": label, title: label, onclick: () => (on ? ticked.delete(one.id) : ticked.add(one.id), draw()) }, el("img", { src: thumbnail(one.id), alt: "", loading: "lazy" })),
      row.person && el("span", { class: "fine" }, percent(one.chance)),
    );
  }

  async function act(said) {
    const told = await say(said, { revision: page.revision, after: reload });
    if (told) for (const one of said.faces) ticked.delete(one);
    draw();
  }

  async function somebody(faces) {
    const said = await askName(faces.length > 1 ? "Whose are these faces?" : "Whose is this face?", { known: true, text: "Somebody who has a name." });
    if (said) await act({ kind: "same", people: [said.person], faces });
  }

  const noFace = (faces, undo = false) => act({ kind: "not_a_face", faces, undo }).catch(fail);

  // Findings that were said to be none: a click takes one in again.
  function noFaces() {
    const tiles = page.no_faces.map((one) =>
      el("li", {}, el("button", { type: "button", class: "face", "aria-label": "It is a face: take it in again", title: "It is a face: take it in again", onclick: () => noFace([one.id], true) }, el("img", { src: thumbnail(one.id), alt: "", loading: "lazy" }))),
    );
    return el("details", { class: "card no-faces" }, el("summary", {}, `Not faces: ${page.total_no_faces.toLocaleString("en")}`), el("p", { class: "fine" }, "Choose one to take it in again."), el("ul", { class: "strip" }, tiles));
  }

  function section(row) {
    const ids = row.faces.map((one) => one.id);
    const own = ids.filter((id) => ticked.has(id));
    const all = own.length === ids.length;
    const called = row.person?.called ?? "";
    const off = !own.length;
    return el(
      "section",
      { class: "card left-row", "aria-label": row.person ? `May be ${called}` : "Like nobody" },
      el(
        "div",
        { class: "left-head" },
        row.person ? personLink(row.person, `${count(row.total, "face")} may be theirs`) : el("p", {}, el("strong", {}, "Like nobody"), el("span", { class: "fine" }, ` ${count(row.total, "face")}`)),
        el("label", { class: "all" }, el("input", { type: "checkbox", checked: all, indeterminate: !all && !off, onchange: () => (ids.forEach((id) => (all ? ticked.delete(id) : ticked.add(id))), draw()) }), `Tick all ${ids.length}`),
        el("span", { class: "grow" }),
        row.person && el("button", { type: "button", class: "primary", disabled: off, onclick: () => act({ kind: "same", people: [row.person.id], faces: own }).catch(fail) }, `${off ? "" : `${own.length} `}are ${called}`),
        row.person && el("button", { type: "button", disabled: off, onclick: () => act({ kind: "reject", people: [row.person.id], faces: own }).catch(fail) }, `Not ${called}`),
        el("button", { type: "button", disabled: off, onclick: () => somebody(own).catch(fail) }, "Somebody else …"),
        el("button", { type: "button", disabled: own.length < 2, onclick: () => act({ kind: "same", faces: own, people: [] }).catch(fail) }, "Together, as somebody new"),
        el("button", { type: "button", disabled: off, "aria-keyshortcuts": "f", onclick: () => noFace(own) }, own.length > 1 ? "Not faces" : "Not a face"),
      ),
      el("ul", { class: "strip" }, row.faces.map((one) => face(one, row))),
    );
  }

  function draw() {
    total.textContent = `${count(page.faces, "face")} in ${count(page.total, "row")}`;
    fill(
      rows,
      page.rows.map(section),
      page.rows.length < page.total && el("button", { type: "button", class: "further", onclick: () => ((shown += STEP), reload().catch(fail)) }, "Further rows"),
      !page.total && el("section", { class: "card empty" }, el("h2", {}, "No face is left over")),
      page.total_no_faces > 0 && noFaces(),
    );
  }

  async function reload() {
    page = await get("/left-over", { limit: shown, least: 0.02 });
    draw();
  }

  fill(main, el("div", { class: "page-head" }, el("h1", {}, "Left over"), total), rows);
  await reload();
  function key(event) {
    if (event.key === "f" && ticked.size) return noFace([...ticked]), true;
    return event.key === "Escape" && (ticked.clear(), draw(), true);
  }
  return { title: "Left over", key, refresh: reload, stop() {} };
}

// Photos with some people and without others.

import { get, personPath, photoPath, some } from "./api.js";
import { nameField } from "./dialog.js";
import { el, fill } from "./dom.js";
import { faceImage } from "./parts.js";
import { photoGrid } from "./photolist.js";
import { fail } from "./say.js";

export async function show(main, { query, go }) {
  const present = query.getAll("with");
  const absent = query.getAll("without");
  const people = new Map();
  for (const id of [...present, ...absent]) {
    const page = await get(`/people/${encodeURIComponent(id)}`).catch(() => null);
    if (page) people.set(id, page.person);
  }
  const there = (ids) => ids.filter((id) => people.has(id));
  const total = el("span", { class: "fine", role: "status" });
  const grid = photoGrid((offset, limit) => some("/photos", { present: there(present), absent: there(absent), offset, limit }), total);

  function address(some, none) {
    const said = new URLSearchParams();
    for (const id of some) said.append("with", id);
    for (const id of none) said.append("without", id);
    return `/find?${said}`;
  }

  function chooser(label, ids, change) {
    const field = nameField({ label: `${label}: a name`, placeholder: "Add a name", known: true, take: (_, person) => person && go(change([...ids, person]), { replace: true }) });
    return el(
      "div",
      { class: "chooser", role: "group", "aria-label": label },
      el("strong", {}, label),
      there(ids).map((id) => el("span", { class: "chip on" }, faceImage(people.get(id).cover, "", 24), el("a", { href: personPath(id) }, el("bdi", {}, people.get(id).called)), el("button", { type: "button", class: "quiet", "aria-label": `Without ${people.get(id).called} in this list`, onclick: () => go(change(ids.filter((one) => one !== id)), { replace: true }) }, "×"))),
      field,
    );
  }

  const chosen = there(present).length + there(absent).length > 0;
  fill(
    main,
    el("div", { class: "page-head" }, el("h1", {}, "Find photos"), chosen && total),
    el("div", { class: "choosers" }, chooser("With", present, (ids) => address(ids, absent)), chooser("Without", absent, (ids) => address(present, ids))),
    chosen ? grid.element : el("p", { class: "fine" }, "Say who is to be in the photos, and who is not."),
  );
  if (chosen) await grid.start().catch(fail);
  function key(event) {
    if (grid.move(event)) return true;
    const photo = grid.item(grid.focused());
    return event.key === "o" && photo ? (go(photoPath(photo.id)), true) : false;
  }
  return { title: "Find photos", key, refresh: () => (chosen ? grid.reload() : Promise.resolve()), stop: () => grid.stop() };
}

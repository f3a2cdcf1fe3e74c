// All photos.

import { photoPath, some } from "./api.js";
import { el, fill } from "./dom.js";
import { photoGrid } from "./photolist.js";
import { fail } from "./say.js";

export async function show(main, { query, go, remember }) {
  const wanted = { search: query.get("search") ?? "" };
  const total = el("span", { class: "fine", role: "status" });
  const grid = photoGrid((offset, limit) => some("/photos", { ...wanted, offset, limit }), total);
  const again = () => ((wanted.search = search.value), remember(wanted), grid.reload().catch(fail));
  const search = el("input", { type: "search", placeholder: "Search paths", "aria-label": "Search photos by path", value: wanted.search, oninput: () => (clearTimeout(search.timer), (search.timer = setTimeout(again, 150))) });
  fill(main, el("div", { class: "page-head" }, el("h1", {}, "Photos"), total, el("span", { class: "grow" }), search), grid.element);
  await grid.start();
  function key(event) {
    if (grid.move(event)) return true;
    const photo = grid.item(grid.focused());
    return event.key === "o" && photo ? (go(photoPath(photo.id)), true) : false;
  }
  return { title: "Photos", key, refresh: () => grid.reload(), stop: () => grid.stop() };
}

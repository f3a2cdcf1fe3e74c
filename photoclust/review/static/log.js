// Everything that was said, the latest first.

import { get } from "./api.js";
import { el, fill } from "./dom.js";
import { stepBack } from "./say.js";

export async function show(main) {
  const rows = el("tbody");
  async function reload() {
    const entries = await get("/decisions", { limit: 500 });
    fill(rows, entries.map((one) => el("tr", { class: one.taken_back ? "taken-back" : "" }, el("td", { class: "fine" }, one.at.slice(0, 16).replace("T", " ")), el("td", {}, el("bdi", {}, one.said)), el("td", { class: "fine" }, one.taken_back ? "taken back" : ""))));
    if (!entries.length) fill(rows, el("tr", {}, el("td", { colspan: "3", class: "fine" }, "Nothing was said yet.")));
  }
  fill(
    main,
    el("div", { class: "page-head" }, el("h1", {}, "What was said"), el("span", { class: "grow" }), el("button", { type: "button", onclick: () => stepBack(false) }, "Undo the last (z)")),
    el("section", { class: "card" }, el("table", {}, el("thead", {}, el("tr", {}, ["When (UTC)", "What", ""].map((one) => (one ? el("th", { scope: "col" }, one) : el("td"))))), rows)),
  );
  await reload();
  return { title: "What was said", refresh: reload, stop() {} };
}

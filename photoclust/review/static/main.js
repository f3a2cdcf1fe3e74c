// The frame of every page: where one is, undo and redo, the grouping, keys.

import { get } from "./api.js";
import { showWindow } from "./dialog.js";
import { count, el, fill, typing } from "./dom.js";
import { fail, stepBack, toast } from "./say.js";
import { onState, refreshState, startListening, state } from "./state.js";

const PAGES = [
  ["people", "People", () => import("./people.js")],
  ["questions", "Questions", () => import("./questions.js")],
  ["left-over", "Left over", () => import("./left-over.js")],
  ["find", "Find", () => import("./find.js")],
  ["photos", "Photos", () => import("./photos.js")],
  ["numbers", "Numbers", () => import("./numbers.js")],
];
const OTHERS = {
  person: () => import("./person.js"),
  photo: () => import("./photo.js"),
  log: () => import("./log.js"),
};
const KEYS = [
  ["1 … 6", "the pages, from People to Numbers"],
  ["/", "search"],
  ["z, Shift z", "undo, redo"],
  ["← ↑ → ↓", "from face to face, from card to card"],
  ["Space, Shift click", "tick; tick all from the last one"],
  ["n", "name"],
  ["m", "merge the ticked people; move the ticked faces to somebody"],
  ["i", "ignore"],
  ["x", "these faces are not this person"],
  ["p", "pull the ticked faces out, as somebody new"],
  ["c", "the face that stands for the person"],
  ["f", "a finding that is no face"],
  ["d", "in a photo: draw a face; arrows move the box, with Shift they size it"],
  ["Enter, o", "open the person, or the photo of a face"],
  ["y, n, s", "a question: yes, no, skip"],
  ["Escape", "untick all; close"],
  ["?", "these keys"],
];

const main = document.getElementById("main");
const header = document.getElementById("top");
let shown = { stop() {} };
let turn = 0;

// -- pages --------------------------------------------------------------------------------------------------

function where() {
  const [name, id] = location.pathname.slice(1).split("/");
  return { name, id: id ? decodeURIComponent(id) : "", query: new URLSearchParams(location.search) };
}

export function go(path, { replace = false } = {}) {
  if (!replace) keepPlace();
  history[replace ? "replaceState" : "pushState"]({ top: 0 }, "", path);
  return show();
}

// Says in the address what the page shows, without going anywhere.
function remember(query) {
  const said = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "" && value !== null));
  const text = said.toString();
  history.replaceState(history.state, "", location.pathname + (text ? `?${text}` : ""));
}

function keepPlace() {
  history.replaceState({ ...history.state, top: scrollY }, "");
}

async function show() {
  const mine = ++turn;
  const { name, id, query } = where();
  const load = PAGES.find(([page]) => page === name)?.[2] ?? OTHERS[name];
  if (!load) return go("/people", { replace: true });
  shown.stop();
  shown = { stop() {} };
  fill(main, el("p", { class: "fine waiting" }, "Loading …"));
  mark(name);
  try {
    const page = await load();
    if (mine !== turn) return null;
    const next = await page.show(main, { id, query, go, remember });
    if (mine !== turn) return next.stop();
    shown = next;
    document.title = `${next.title}: photoclust review`;
    scrollTo({ top: history.state?.top ?? 0, behavior: "instant" });
    if (!history.state?.top) main.focus({ preventScroll: true });
  } catch (error) {
    if (mine !== turn) return null;
    fill(main, el("section", { class: "card empty" }, el("h1", {}, "That could not be shown"), el("p", {}, error.message), el("p", {}, el("a", { href: "/people" }, "To the people"))));
    if (!error.code) console.error(error);
  }
  return null;
}

addEventListener("popstate", show);
addEventListener("scroll", () => (clearTimeout(keepPlace.timer), (keepPlace.timer = setTimeout(keepPlace, 150))), { passive: true });
history.scrollRestoration = "manual";
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!link || !plain || link.target || link.origin !== location.origin || link.hash || link.pathname.startsWith("/api")) return;
  event.preventDefault();
  go(link.pathname + link.search);
});

// -- the bar ------------------------------------------------------------------------------------------------

const undo = el("button", { type: "button", onclick: () => stepBack(false), "aria-keyshortcuts": "z" }, "Undo");
const redo = el("button", { type: "button", onclick: () => stepBack(true), "aria-keyshortcuts": "Shift+z" }, "Redo");
const grouping = el("span", { class: "grouping", role: "status" });
const title = el("bdi", { class: "index-name" });

function mark(name) {
  const own = { person: "people", photo: "photos" }[name] ?? name;
  for (const link of header.querySelectorAll("nav a")) {
    if (link.dataset.page !== own) link.removeAttribute("aria-current");
    else {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "nearest" }); // on a narrow screen not all are to be seen
    }
  }
}

fill(
  header,
  el("p", { class: "brand" }, "photoclust ", title),
  el("nav", { "aria-label": "Pages" }, PAGES.map(([name, label]) => el("a", { href: `/${name}`, data: { page: name } }, label))),
  el(
    "div",
    { class: "tools" },
    grouping,
    undo,
    redo,
    el("button", { type: "button", onclick: menu, "aria-label": "Keys, history and other browsers", "aria-keyshortcuts": "?" }, "?"),
  ),
);

function menu() {
  const address = el("p", { class: "address" });
  showWindow(
    "Keys",
    el("table", { class: "keys" }, el("tbody", {}, KEYS.map(([key, what]) => el("tr", {}, el("th", { scope: "row" }, key), el("td", {}, what))))),
    el("p", {}, el("a", { href: "/log", onclick: (event) => event.target.closest("dialog").close() }, "Everything that was said")),
    el(
      "p",
      {},
      el("button", { type: "button", onclick: () => anotherBrowser(address).catch(fail) }, "Use another browser"),
    ),
    address,
  );
}

async function anotherBrowser(place) {
  const answer = await fetch("/api/v1/links", { method: "POST" });
  if (!answer.ok) throw new Error("That did not work; sign in again.");
  fill(place, "Open this once: ", el("code", {}, (await answer.json()).address));
}

const GROUPING = { running: "Grouping …", waiting: "Waiting for another photoclust …", failed: "Not grouped" };

onState((now, before) => {
  title.textContent = now.index;
  undo.disabled = !now.undo;
  redo.disabled = !now.redo;
  undo.title = now.undo ? `Take back: ${now.undo.said}` : "";
  redo.title = now.redo ? `Do again: ${now.redo.said}` : "";
  grouping.textContent = GROUPING[now.grouping.state] ?? "";
  grouping.classList.toggle("busy", now.grouping.state === "running");
  if (before && now.revision !== before.revision) shown.refresh?.().catch(fail);
  if (before && now.grouping.number !== before.grouping.number) tellChanges(now.grouping);
  if (now.grouping.state === "failed" && before?.grouping.state !== "failed") toast(now.grouping.text, { kind: "alarm", about: "grouping" });
});

const whom = (name, id) => name || (id ? "somebody without a name" : "nobody");
const WHAT = {
  new: (c) => `${whom(c.name, c.person_id)} is new, with ${count(c.faces, "face")}`,
  grown: (c) => `${whom(c.name, c.person_id)} got ${count(c.faces, "face")}`,
  shrunk: (c) => `${whom(c.name, c.person_id)} lost ${count(c.faces, "face")}`,
  split: (c) => `${count(c.faces, "face")} of ${whom(c.name, c.person_id)} are somebody new`,
  merged: (c) => `${whom(c.name, c.person_id)} became one with ${whom(c.other_name, c.other_id)}`,
  moved: (c) => `${count(c.faces, "face")} went from ${whom(c.name, c.person_id)} to ${whom(c.other_name, c.other_id)}`,
  gone: (c) => `${whom(c.name, c.person_id)} is no longer there`,
  named: (c) => `${whom(c.name, c.person_id)} has another name`,
};

// What the grouping has changed beyond what was said.
function tellChanges({ moved, changes, text }) {
  if (text) toast(text, { kind: "alarm", about: "grouping" });
  else if (moved || changes.length) {
    const run = () => showWindow("What the grouping has changed", el("ul", { class: "changes" }, changes.map((one) => el("li", {}, WHAT[one.kind](one)))));
    toast(moved ? `Grouped: ${count(moved, "face")} changed their person.` : "Grouped.", { action: changes.length ? { label: "What has changed", run } : null, about: "grouping" });
  }
}

// -- keys ---------------------------------------------------------------------------------------------------

addEventListener("keydown", (event) => {
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (shown.key?.(event)) return event.preventDefault();
  if (event.key.toLowerCase() === "z") stepBack(event.shiftKey);
  else if (event.key === "?") menu();
  else if (event.key === "/") main.querySelector("input[type=search]")?.focus();
  else if (/^[1-6]$/.test(event.key)) go(`/${PAGES[Number(event.key) - 1][0]}`);
  else return null;
  return event.preventDefault();
});

refreshState()
  .then(startListening)
  .catch((error) => (error.status === 401 ? location.assign("/enter") : fail(error)));
show();

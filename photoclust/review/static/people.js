// People as cards: search, name one after another, tick several to name, merge or ignore.

import { personPath, some, thumbnail } from "./api.js";
import { askName, nameField } from "./dialog.js";
import { count, el, fill, percent } from "./dom.js";
import { Grid, Ticks } from "./grid.js";
import { fail, say } from "./say.js";
import { select } from "./parts.js";

const ORDERS = { size: "Most faces", named: "Named first", name: "Name", doubt: "Least sure" };
const SHOWN = { "": "Everybody", false: "Without a name", true: "With a name" };

export async function show(main, { query, go, remember }) {
  const wanted = { search: query.get("search") ?? "", order: query.get("order") ?? "size", named: query.get("named") ?? "" };
  const total = el("span", { class: "fine", role: "status" });
  const grid = new Grid({
    width: 168,
    height: 236,
    gap: 14,
    label: "People",
    load: (offset, limit) => some("/people", { ...wanted, offset, limit }),
    draw: card,
    onTotal: (number) => (total.textContent = count(number, "person", "people")),
  });
  const ticks = new Ticks(grid, () => (grid.redraw(), drawBar()));
  const bar = el("div", { class: "bar", role: "toolbar", "aria-label": "What to do with the ticked people", hidden: true });

  function card(person, index) {
    const ticked = ticks.has(person.id);
    const face = el("img", { src: thumbnail(person.cover), alt: "", width: 120, height: 120, loading: "lazy", draggable: "false" });
    const label = `${person.called}, ${count(person.faces, "face")}`;
    return el(
      "article",
      {
        class: `person-card${ticked ? " ticked" : ""}${person.ignored ? " ignored" : ""}`,
        draggable: "true",
        ondragstart: (event) => event.dataTransfer.setData("text/x-photoclust-person", person.id),
        ondragover: (event) => event.dataTransfer.types.includes("text/x-photoclust-person") && event.preventDefault(),
        ondrop: (event) => dropped(event, person),
      },
      el("input", {
        type: "checkbox",
        class: "tick",
        checked: ticked,
        "aria-label": `Tick ${label}`,
        data: { focus: "tick" },
        onclick: (event) => ticks.toggle(person.id, index, event.shiftKey),
      }),
      el("a", { href: personPath(person.id), "aria-label": label, data: { focus: "card" } }, face),
      person.name
        ? el("p", { class: "called" }, el("bdi", {}, person.name))
        : nameField({ label: `Name of ${person.called}`, placeholder: person.called, take: (name) => name && named(person, index, name) }),
      el("p", { class: "fine" }, count(person.faces, "face"), person.confidence !== null && person.confidence < 0.9 ? ` · ${percent(person.confidence)} sure` : "", person.ignored ? " · ignored" : ""),
    );
  }

  // The next one without a name is at hand while this one is written down.
  function named(person, index, name) {
    let next = index + 1;
    while (grid.item(next)?.name) next += 1;
    if (!grid.focus(next, ".name-field")) document.activeElement?.blur();
    return say({ kind: "name", people: [person.id], name }, { revision: grid.revision, after: () => grid.reload() });
  }

  function dropped(event, person) {
    event.preventDefault();
    const other = event.dataTransfer.getData("text/x-photoclust-person");
    if (other && other !== person.id) act({ kind: "merge", people: [person.id, other] });
  }

  async function act(said) {
    const told = await say(said, { revision: grid.revision, after: () => grid.reload() });
    if (told) ticks.clear();
    return told;
  }

  // Whom an action is about: the ticked people, the largest first, or the one that has the focus.
  function chosen() {
    const order = grid.items().map((one) => one.id);
    const ids = [...ticks.ids].sort((a, b) => (order.indexOf(a) + 1 || 1e9) - (order.indexOf(b) + 1 || 1e9));
    const focused = grid.item(grid.focused());
    return ids.length ? ids : focused ? [focused.id] : [];
  }

  const known = (id) => grid.items().find((one) => one.id === id);
  // Who has a name keeps it.
  const firstNamed = (ids) => [...ids].sort((a, b) => Boolean(known(b)?.name) - Boolean(known(a)?.name));

  async function nameChosen() {
    const people = firstNamed(chosen());
    if (!people.length) return;
    const one = known(people[0]);
    const title = people.length > 1 ? `${count(people.length, "group")}, one person: the name` : `Name of ${one?.called ?? "this person"}`;
    const text = people.length > 1 ? "They become one person." : "";
    const said = await askName(title, { value: one?.name ?? "", text });
    if (said) await act({ kind: "name", people, name: said.name });
  }

  const merge = () => chosen().length > 1 && act({ kind: "merge", people: firstNamed(chosen()) });

  async function ignore() {
    const people = chosen();
    const undo = people.every((id) => known(id)?.ignored);
    if (people.length) await act({ kind: "ignore", people, undo });
  }

  function drawBar() {
    const number = ticks.ids.size;
    bar.hidden = !number;
    if (!number) return;
    const first = known(firstNamed(chosen())[0]);
    fill(
      bar,
      el("strong", {}, count(number, "person", "people")),
      el("button", { type: "button", class: "primary", onclick: nameChosen }, number > 1 ? "Merge and name (n)" : "Name (n)"),
      number > 1 && el("button", { type: "button", onclick: merge }, `Merge into ${first?.called ?? "the first"} (m)`),
      el("button", { type: "button", onclick: ignore }, "Ignore (i)"),
      el("button", { type: "button", class: "quiet", onclick: () => ticks.clear() }, "Untick (Esc)"),
    );
  }

  function again(changed) {
    Object.assign(wanted, changed);
    remember({ ...wanted, order: wanted.order === "size" ? "" : wanted.order });
    return grid.reload().catch(fail);
  }

  const search = el("input", { type: "search", placeholder: "Search names", "aria-label": "Search people", value: wanted.search, oninput: () => (clearTimeout(search.timer), (search.timer = setTimeout(() => again({ search: search.value }), 120))) });
  fill(
    main,
    el("div", { class: "page-head" }, el("h1", {}, "People"), total, el("span", { class: "grow" }), search, select("Show", SHOWN, wanted.named, (named) => again({ named })), select("Order", ORDERS, wanted.order, (order) => again({ order }))),
    grid.element,
    bar,
  );
  await grid.start();
  if (!grid.total) fill(grid.element, el("p", { class: "fine none" }, wanted.search ? "Nobody is called like that." : "There is nobody here."));

  function key(event) {
    if (grid.move(event)) return true;
    const keys = { n: nameChosen, m: merge, i: ignore, Escape: () => ticks.clear() };
    if (event.key === "o" && grid.item(grid.focused())) return go(personPath(grid.item(grid.focused()).id)), true;
    if (!(event.key in keys)) return false;
    Promise.resolve(keys[event.key]()).catch(fail);
    return true;
  }

  return { title: "People", key, refresh: () => grid.reload().then(drawBar), stop: () => grid.stop() };
}

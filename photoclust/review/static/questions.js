// "Are they the same person?": one question at a time, answered with a key.

import { get, personPath, thumbnail } from "./api.js";
import { count, el, fill, percent } from "./dom.js";
import { answeredQuestion, fail, say, stepBack } from "./say.js";
import { state } from "./state.js";

const SKIPPED = 500;

// Skipped questions are kept by this browser, so that one goes on where one stopped.
function skippedBefore() {
  try {
    return JSON.parse(localStorage.getItem(`skipped ${state.current?.index}`)) ?? [];
  } catch {
    return [];
  }
}

export async function show(main) {
  fill(main, el("div", { class: "page-head" }, el("h1", {}, "Questions")), el("p", { class: "fine waiting" }, "The questions are being worked out …"));
  let page = await get("/questions", { limit: 100 });
  let skipped = skippedBefore();
  let answered = 0;
  let waiting = 0;
  let turn = Promise.resolve();
  const done = new Set();

  const left = () => page.questions.filter((one) => !done.has(one.key) && !skipped.includes(one.key));

  function keepSkipped() {
    skipped = skipped.slice(-SKIPPED);
    localStorage.setItem(`skipped ${state.current?.index}`, JSON.stringify(skipped));
  }

  // The next question is there at once; answers are sent one after another.
  function answer(question, which) {
    if (!question) return null;
    done.add(question.key);
    waiting += 1;
    draw();
    turn = turn
      .then(() => send(question, which))
      .catch(fail)
      .finally(() => ((waiting -= 1), draw()));
    return turn;
  }

  async function send(question, which) {
    if (!page.questions.some((one) => one.key === question.key)) return; // another answer has settled it
    const told = await say(question[which], { revision: page.revision, question: question.key, quiet: true, after: reload, renew: () => stillAsked(question) });
    if (told) {
      answered += 1;
      answeredQuestion(question.key);
    } else done.delete(question.key);
  }

  // The revision of the people now, if the same is asked of the same faces.
  async function stillAsked(question) {
    await reload();
    const now = page.questions.find((one) => one.key === question.key);
    return now && JSON.stringify(now.sides) === JSON.stringify(question.sides) ? page.revision : "";
  }

  function skip(question) {
    if (!question) return;
    skipped.push(question.key);
    keepSkipped();
    draw();
  }

  async function back() {
    await turn;
    await stepBack(false);
    done.clear();
    answered = Math.max(0, answered - 1);
    await reload();
  }

  async function reload() {
    page = await get("/questions", { limit: 100 });
    draw();
  }

  function side(one) {
    const name = one.person ? el("a", { href: personPath(one.person) }, el("bdi", {}, one.called)) : el("bdi", {}, one.called);
    return el("div", { class: "question-side" }, el("h2", {}, name), el("div", { class: "big-faces" }, one.faces.slice(0, 6).map((face) => el("img", { src: thumbnail(face), alt: `Face of ${one.called}`, width: 160, height: 160 }))));
  }

  function draw() {
    const [question, next] = left();
    const head = el("div", { class: "page-head" }, el("h1", {}, "Questions"), el("span", { class: "fine", role: "status", "aria-busy": String(waiting > 0) }, `${count(left().length, "question")} left${answered ? `, ${answered} answered` : ""}${page.fresh ? "" : "; more are being worked out"}`));
    const undo = el("button", { type: "button", onclick: () => back().catch(fail) }, "Undo (z)");
    if (!question) {
      const again = () => ((skipped = []), keepSkipped(), draw());
      fill(main, head, el("section", { class: "card empty" }, el("h2", {}, "There is nothing more to ask"), el("p", { class: "fine" }, "What is asked changes with what you say and with new photos."), el("div", { class: "buttons" }, skipped.length > 0 && el("button", { type: "button", onclick: again }, "Ask what was skipped"), answered > 0 && undo)));
      return;
    }
    for (const one of next?.sides ?? []) for (const face of one.faces.slice(0, 6)) new Image().src = thumbnail(face);
    fill(
      main,
      head,
      el(
        "section",
        { class: "card question", "aria-labelledby": "question" },
        el("h2", { id: "question", class: "ask", "aria-live": "polite" }, question.text),
        el("p", { class: "fine" }, `Yes is ${percent(question.chance)} likely and puts ${count(question.affected, "face")} right.`),
        el("div", { class: "question-sides" }, question.sides.map(side)),
        el(
          "div",
          { class: "buttons answers" },
          el("button", { type: "button", class: "primary", onclick: () => answer(question, "yes"), "aria-keyshortcuts": "y" }, "Yes (y)"),
          el("button", { type: "button", onclick: () => answer(question, "no"), "aria-keyshortcuts": "n" }, "No (n)"),
          el("button", { type: "button", onclick: () => skip(question), "aria-keyshortcuts": "s" }, "Skip (s)"),
          undo,
        ),
      ),
    );
  }

  function key(event) {
    const [question] = left();
    const keys = { y: () => answer(question, "yes"), n: () => answer(question, "no"), s: () => skip(question), z: back };
    if (event.shiftKey || !(event.key in keys)) return false;
    Promise.resolve(keys[event.key]()).catch(fail);
    return true;
  }

  draw();
  return { title: "Questions", key, refresh: () => (waiting ? Promise.resolve() : reload()), stop() {} };
}

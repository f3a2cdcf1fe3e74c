// Saying something about people: once, with what came of it told, and questions asked where one is needed.

import { Refused, post } from "./api.js";
import { el, say as speak } from "./dom.js";
import { ask } from "./dialog.js";
import { refreshState, state } from "./state.js";

let shelf;

// A message takes the place of the last one about the same; what is grouped hides no way back.
export function toast(text, { kind = "", action = null, about = "what was said" } = {}) {
  shelf ??= document.body.appendChild(el("section", { class: "toasts", "aria-label": "Messages" }));
  const close = () => note.remove();
  const note = el(
    "div",
    { class: `toast ${kind}`, "data-about": about },
    el("p", {}, text),
    action && el("button", { type: "button", onclick: () => (close(), action.run()) }, action.label),
    el("button", { type: "button", class: "quiet", "aria-label": "Close this message", onclick: close }, "×"),
  );
  for (const other of [...shelf.children]) if (other.dataset.about === about) other.remove();
  shelf.append(note);
  speak(text);
  setTimeout(close, kind === "alarm" ? 15000 : 7000);
}

export function fail(error) {
  toast(error.message, { kind: "alarm" });
  if (!(error instanceof Refused)) console.error(error);
}

// Gives what came of it, or null where nothing was said. Where people have changed meanwhile, `renew` gives the
// revision to say it by once more, if what was looked at is still the same.
export async function say(said, { revision, question = "", after = null, quiet = false, renew = null } = {}) {
  const path = `/decisions${question ? `?question=${encodeURIComponent(question)}` : ""}`;
  const send = (more = {}) => post(path, { revision, ...said, ...more });
  try {
    const told = await send().catch((error) => renewed(error, renew, send)).catch((error) => joined(error, said, send));
    if (!told) return null;
    if (!quiet) toast(`${told.said}.`, { action: { label: "Undo", run: () => stepBack(false) } });
    else speak(told.said);
    await Promise.all([refreshState(), after?.(told)]);
    return told;
  } catch (error) {
    fail(error);
    if (error.code === "stale") await after?.(null);
    return null;
  }
}

async function renewed(error, renew, send) {
  const revision = error.code === "stale" && renew ? await renew() : "";
  if (!revision) throw error;
  return send({ revision });
}

async function joined(error, said, send) {
  if (error.code !== "names_joined") throw error;
  const choices = [{ label: "Join them", value: "join", primary: true }];
  if (said.kind === "name" && said.people.length === 1) choices.push({ label: "It is another person", value: "another" });
  const chosen = await ask("Both have a name", error.message.replace(/ If that is meant.*/, ""), choices);
  if (chosen === "join") return send({ join_named: true });
  return chosen === "another" ? send({ another: true }) : null;
}

export async function stepBack(redo) {
  const step = redo ? state.current?.redo : state.current?.undo;
  if (!step) return toast(redo ? "There is nothing to do again." : "There is nothing to take back.");
  try {
    const told = await post(redo ? "/redo" : "/undo", { at: step.at, question: lastQuestion(redo) });
    const soon = told.shown ? "" : " Faces follow once they are grouped.";
    toast(`${redo ? "Done again" : "Taken back"}: ${told.said}.${soon}`);
  } catch (error) {
    fail(error);
  }
  await refreshState().catch(fail);
  return null;
}

const asked = [];
export function answeredQuestion(key) {
  asked.push(key);
}
function lastQuestion(redo) {
  return redo ? "" : (asked.pop() ?? "");
}

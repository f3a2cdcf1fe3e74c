// What every page shows: revision, undo and redo, and how far the grouping is. Server-sent events tell of it.

import { get } from "./api.js";

export const state = { current: null };
const listeners = new Set();
let source = null;

export function onState(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function take(next) {
  const before = state.current;
  state.current = next;
  for (const listener of listeners) listener(next, before);
}

export async function refreshState() {
  take(await get("/state"));
}

function listen() {
  source?.close();
  source = new EventSource("/api/v1/events");
  source.onmessage = (event) => take(JSON.parse(event.data));
}

// A browser opens few connections to a server: a page that nobody looks at does without.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    source?.close();
    source = null;
  } else if (!source) {
    listen();
  }
});

export function startListening() {
  if (!document.hidden) listen();
}

// Elements without HTML text: whatever a name or a path holds, it is shown and never parsed.

export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const count = (number, one, many = `${one}s`) =>
  `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

// Whole percents, rounded down: all but sure is not sure; and what is possible is not 0 %.
export function percent(share) {
  if (share === null || share === undefined) return "";
  return share > 0 && share < 0.01 ? "under 1 %" : `${Math.floor(share * 100)} %`;
}

export const day = (moment) => (moment ? moment.slice(0, 10) : "");

export function typing(target = document.activeElement) {
  return Boolean(target?.closest?.("input:not([type=checkbox]), textarea, select, dialog[open]"));
}

let spoken;
export function say(text) {
  // For screen readers: what has just happened.
  spoken ??= document.body.appendChild(el("p", { class: "hidden", role: "status", "aria-live": "polite" }));
  spoken.textContent = text;
}

// The HTTP interface. Whoever says something names the revision that they looked at.

const PREFIX = "/api/v1";

export class Refused extends Error {
  constructor(status, { code = "error", message = "The server did not answer." } = {}) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function answered(request) {
  let answer;
  try {
    answer = await request;
  } catch {
    throw new Refused(0, { code: "gone", message: "The server does not answer. Is photoclust still running?" });
  }
  if (answer.ok) return answer.json();
  throw new Refused(answer.status, await answer.json().catch(() => ({})));
}

export function get(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") query.append(name, one);
    }
  }
  const said = query.toString();
  return answered(fetch(`${PREFIX}${path}${said ? `?${said}` : ""}`, { headers: { Accept: "application/json" } }));
}

export function post(path, body) {
  return answered(
    fetch(`${PREFIX}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
    }),
  );
}

export const thumbnail = (face) => `${PREFIX}/faces/${encodeURIComponent(face)}/thumbnail`;
export const picture = (photo, size) => `${PREFIX}/photos/${encodeURIComponent(photo)}/picture?size=${size}`;
export const personPath = (person) => `/person/${encodeURIComponent(person)}`;
export const photoPath = (photo) => `/photo/${encodeURIComponent(photo)}`;

// Some of a long list, as grids take it.
export async function some(path, parameters) {
  const page = await get(path, parameters);
  return { total: page.total, revision: page.revision, items: page.people ?? page.faces ?? page.photos };
}

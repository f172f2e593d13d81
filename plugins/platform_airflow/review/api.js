// The page's own endpoints. The header tells our POST from another site's form.

export class Refused extends Error {
  constructor(status, body) {
    super(body.detail ?? `The server answers ${status}.`);
    this.status = status;
    this.others = body.others ?? [];
  }
}

export async function ask(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== null);
  return answer(await fetch(`api/${path}?${new URLSearchParams(given)}`));
}

export async function send(path, body) {
  return answer(await fetch(`api/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Review": "1" },
    body: JSON.stringify(body),
  }));
}

async function answer(response) {
  if (response.status === 401) {
    throw new Refused(401, { detail: "You are logged out: load Airflow's page again and log in." });
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, body);
  return body;
}

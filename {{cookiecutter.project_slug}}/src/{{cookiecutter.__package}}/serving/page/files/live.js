// Rate and latency out of two looks at the counters: of the last minute where anything was asked
// in it, else since the server started. Counters of all worker processes are in them.

import { byId, number, say, show } from "./dom.js";
import { asked as ask } from "./key.js";

const WINDOW_MS = 60_000;
const LINE = /^(\w+)(?:[{](.*)[}])? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
let looks = [];

// Requests of the paths that answer predictions are looked at.
export async function look(paths) {
  const response = await ask("metrics");
  const closed = response.status === 404;
  for (const id of ["rate", "latency"]) show(byId(id).parentElement, !closed);
  if (closed) return;
  if (!response.ok) throw new Error(`metrics: ${response.status}`);
  const now = { at: performance.now(), ...counted(await response.text(), paths) };
  if (looks.length && now.requests < looks.at(-1).requests) looks = []; // it was started anew
  looks.push(now);
  while (looks.length > 2 && now.at - looks[1].at >= WINDOW_MS) looks.shift();
  display(looks[0], now);
}

export function counted(text, paths) {
  const found = { requests: 0, refused: 0, rows: 0, buckets: new Map() };
  for (const line of text.split("\n")) {
    const [, name, given = "", figure] = line.match(LINE) ?? [];
    const label = Object.fromEntries([...given.matchAll(LABEL)].map(([, key, value]) => [key, value]));
    const value = Number(figure);
    if (name === "predicted_rows_total") found.rows += value;
    if (!paths.includes(label.route)) continue;
    if (name === "requests_total") {
      found.requests += value;
      if (label.status >= "400") found.refused += value;
    }
    if (name === "request_duration_seconds_bucket") {
      const upTo = label.le === "+Inf" ? Infinity : Number(label.le);
      found.buckets.set(upTo, (found.buckets.get(upTo) ?? 0) + value);
    }
  }
  return found;
}

// The quantile of a histogram, even within its bucket; the bounds that it is surely between where
// it is in the first or the last.
export function quantile(share, buckets) {
  const sorted = [...buckets].sort(([one], [other]) => one - other);
  const wanted = share * (sorted.at(-1)?.[1] ?? 0);
  if (!wanted) return "–";
  let [from, below] = [0, 0];
  for (const [upTo, within] of sorted) {
    if (within >= wanted) {
      if (from === 0) return `< ${milliseconds(upTo)}`;
      if (upTo === Infinity) return `> ${milliseconds(from)}`;
      return milliseconds(from + ((wanted - below) / (within - below)) * (upTo - from));
    }
    [from, below] = [upTo, within];
  }
  return "–";
}

const milliseconds = (seconds) => `${number(seconds * 1000, 2)} ms`;

function display(first, now) {
  const asked = now.requests - first.requests;
  const seconds = (now.at - first.at) / 1000;
  const recent = asked > 0;
  const buckets = recent
    ? new Map([...now.buckets].map(([upTo, within]) => [upTo, within - (first.buckets.get(upTo) ?? 0)]))
    : now.buckets;
  const span = seconds < 45 ? `the last ${Math.round(seconds)} s` : "the last minute";
  const refused = now.refused - first.refused;
  const rows = now.rows - first.rows;
  say(byId("rate"), recent ? `${number(asked / seconds, 3)} / s` : "0 / s");
  say(
    byId("rate-more"),
    recent
      ? `${number(rows / seconds, 3)} rows / s${refused ? `, ${number(refused)} refused` : ""}, in ${span}`
      : now.requests
        ? `${now.requests.toLocaleString("en")} since it started`
        : "none since it started",
  );
  say(byId("latency"), quantile(0.5, buckets));
  say(
    byId("latency-more"),
    now.requests ? `p95 ${quantile(0.95, buckets)}, ${recent ? `in ${span}` : "since it started"}` : "",
  );
}

// Local times of a zone to moments, by the rule of the data job: the later of two where clocks are
// set back, moved on by the gap where they are set forward.

const DAY_MS = 86_400_000;

export function momentOf(local, zone) {
  const wall = Date.parse(`${local}Z`);
  const after = wall - ahead(wall + DAY_MS, zone);
  const before = wall - ahead(wall - DAY_MS, zone);
  const found = after + ahead(after, zone) === wall ? after : before;
  return new Date(found).toISOString().replace(".000Z", "Z");
}

// How far the zone's clocks are ahead of UTC at a moment, in milliseconds.
function ahead(moment, zone) {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const part = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  const wall = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
  return wall - Math.floor(moment / 1000) * 1000;
}

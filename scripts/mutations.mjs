// Damaged copies of model files, always the same ones for the same seed: what scripts/mutate.mjs and the tests feed to
// the readers. Half of them have bytes changed blindly; the others are changed where the format has its joints (fields of
// protobuf, values of JSON) and are put together again, so that the damage gets past the outer checks.

/** Seeded random numbers (mulberry32), and what is drawn with them. */
export function dice(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit) => Math.floor(next() * limit);
  return { below, pick: (items) => items[below(items.length)], chance: (share) => next() < share };
}

/** Lengths at which a file is cut: every `step`, and around every border. */
export function truncations(length, borders, step) {
  const cuts = new Set();
  for (let at = 0; at < length; at += step) cuts.add(at);
  for (const border of borders) {
    for (const at of [border - 1, border, border + 1]) if (at >= 0 && at < length) cuts.add(at);
  }
  return [...cuts].sort((a, b) => a - b);
}

/** One damaged copy of a file of that kind: 'onnx', 'safetensors', 'json' or 'bytes', which has no joints. */
export function mutant(bytes, kind, seed) {
  const roll = dice(seed);
  if (kind === 'bytes' || roll.chance(0.5)) return withBytesChanged(bytes, roll, kind);
  if (kind === 'onnx') return withFieldChanged(bytes, roll);
  if (kind === 'safetensors') return withHeaderChanged(bytes, roll);
  return new TextEncoder().encode(withValueChanged(new TextDecoder().decode(bytes), roll));
}

function joined(parts) {
  const { buffer, byteOffset, length } = Buffer.concat(parts);
  return new Uint8Array(buffer, byteOffset, length);
}

/** A copy with the parts [begin, end) replaced; edits are in order and do not overlap. */
function edited(bytes, edits) {
  const parts = [];
  let at = 0;
  for (const { begin, end, by } of edits) {
    parts.push(bytes.subarray(at, begin), by);
    at = end;
  }
  return joined([...parts, bytes.subarray(at)]);
}

const bytesOfInterest = [0, 1, 2, 8, 0x0a, 0x22, 0x7b, 0x7f, 0x80, 0xff];

function withBytesChanged(bytes, roll, kind) {
  // Weights are most of a file, and nothing there can be wrong: aim at what describes them.
  const reach = kind === 'safetensors' ? Math.min(bytes.length, headerEnd(bytes) + 64) : bytes.length;
  const place = () =>
    kind === 'onnx' && roll.chance(0.7)
      ? roll.pick(fieldsOf(bytes)).begin + roll.below(16)
      : roll.below(reach);
  let copy = bytes.slice();
  for (let left = 1 + roll.below(4); left > 0; left--) {
    const at = Math.min(place(), copy.length - 1);
    const some = 1 + roll.below(16);
    const kindOfChange = roll.below(6);
    if (kindOfChange === 0) copy[at] ^= 1 << roll.below(8);
    else if (kindOfChange === 1) copy[at] = roll.pick(bytesOfInterest);
    else if (kindOfChange === 2) copy[at] = roll.below(256);
    else if (kindOfChange === 3) copy = edited(copy, [{ begin: at, end: at + some, by: new Uint8Array() }]);
    else {
      const from = roll.below(copy.length);
      const by =
        kindOfChange === 4 ? copy.slice(from, from + some) : new Uint8Array(some).fill(roll.below(256));
      copy = edited(copy, [{ begin: at, end: at, by }]);
    }
  }
  return copy;
}

// Protobuf

const maxDepth = 8;
const trees = new WeakMap();

/** All fields of a file, with those they lie in; computed once. */
export function fieldsOf(bytes) {
  let fields = trees.get(bytes);
  if (!fields) {
    fields = [];
    collect(bytes, 0, bytes.length, [], fields);
    trees.set(bytes, fields);
  }
  return fields;
}

/** Adds the fields of a message, or none where these bytes are no message; says which. */
function collect(bytes, begin, end, parents, fields) {
  const found = [];
  for (let at = begin; at < end; ) {
    const tag = varintAt(bytes, at, end);
    if (!tag || tag.value < 8n || tag.value > 0xffff_ffffn) return false;
    const field = { begin: at, type: Number(tag.value & 7n), number: Number(tag.value >> 3n), parents };
    field.value = tag.end;
    if (field.type === 0) field.end = varintAt(bytes, tag.end, end)?.end;
    else if (field.type === 1) field.end = tag.end + 8;
    else if (field.type === 5) field.end = tag.end + 4;
    else if (field.type === 2) {
      const length = varintAt(bytes, tag.end, end);
      if (!length || length.value > BigInt(end - length.end)) return false;
      field.content = length.end;
      field.end = length.end + Number(length.value);
    }
    if (field.end === undefined || field.end > end) return false;
    found.push(field);
    at = field.end;
  }
  for (const field of found) {
    fields.push(field);
    if (field.type === 2 && parents.length < maxDepth && field.end > field.content) {
      collect(bytes, field.content, field.end, [...parents, field], fields);
    }
  }
  return true;
}

function varintAt(bytes, begin, end) {
  let value = 0n;
  for (let i = 0; i < 10 && begin + i < end; i++) {
    value |= BigInt(bytes[begin + i] & 0x7f) << BigInt(7 * i);
    if (bytes[begin + i] < 0x80) return { value, end: begin + i + 1 };
  }
  return undefined;
}

function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...bytes, Number(rest)]);
}

const integersOfInterest = [
  0,
  1,
  2,
  3,
  7,
  8,
  9,
  13,
  21,
  99,
  127,
  128,
  255,
  256,
  65536,
  -1,
  -2,
  2 ** 31 - 1,
  2 ** 31,
]
  .concat([2 ** 32, 2 ** 53])
  .map(BigInt)
  .concat([2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]);

function withFieldChanged(bytes, roll) {
  const fields = fieldsOf(bytes);
  const field = roll.pick(fields);
  const whole = bytes.subarray(field.begin, field.end);
  const other = roll.pick(fields);
  const choice = roll.below(8);
  if (choice === 0) return replaced(bytes, field, new Uint8Array());
  if (choice === 1) return replaced(bytes, field, Buffer.concat([whole, whole]));
  if (choice === 2)
    return replaced(bytes, field, Buffer.concat([whole, bytes.subarray(other.begin, other.end)]));
  if (choice === 3) return replaced(bytes, field, bytes.subarray(other.begin, other.end));
  if (choice === 4) {
    // Another number or another wire type for the same bytes.
    const tag = roll.chance(0.5)
      ? BigInt(roll.below(30)) * 8n + BigInt(field.type)
      : BigInt(field.number) * 8n + BigInt(roll.below(8));
    return replaced(bytes, field, Buffer.concat([varint(tag), bytes.subarray(field.value, field.end)]));
  }
  const head = bytes.subarray(field.begin, field.value);
  if (field.type !== 2) {
    const value =
      field.type === 0 ? varint(roll.pick(integersOfInterest)) : new Uint8Array(8).fill(roll.below(256));
    const width = { 0: value.length, 1: 8, 5: 4 }[field.type];
    return replaced(bytes, field, Buffer.concat([head, value.subarray(0, width)]));
  }
  const content = bytes.subarray(field.content, field.end);
  if (choice === 5) {
    // A false length, which nothing around it makes up for.
    const length = roll.chance(0.5)
      ? roll.pick(integersOfInterest)
      : BigInt(content.length + roll.below(9) - 4);
    return edited(bytes, [{ begin: field.value, end: field.content, by: varint(length) }]);
  }
  const shorter = content.subarray(0, roll.below(content.length + 1));
  const by =
    choice === 6 ? shorter : Buffer.concat([shorter, new Uint8Array(roll.below(9)).fill(roll.below(256))]);
  return replaced(bytes, field, Buffer.concat([head, varint(by.length), by]));
}

/** With `by` in the place of a field, and the lengths of all messages around it mended. */
function replaced(bytes, { begin, end, parents }, by) {
  const edits = [{ begin, end, by }];
  let growth = by.length - (end - begin);
  for (const parent of [...parents].reverse()) {
    const length = varint(parent.end - parent.content + growth);
    edits.unshift({ begin: parent.value, end: parent.content, by: length });
    growth += length.length - (parent.content - parent.value);
  }
  return edited(bytes, edits);
}

// JSON

/** Where the data of a safetensors file begin. */
export function headerEnd(bytes) {
  return 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
}

function withHeaderChanged(bytes, roll) {
  const end = headerEnd(bytes);
  const text = new TextEncoder().encode(
    withValueChanged(new TextDecoder().decode(bytes.subarray(8, end)), roll),
  );
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return joined([length, text, bytes.subarray(end)]);
}

const values = () => [
  null,
  true,
  0,
  1,
  -1,
  1.5,
  3,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 53,
  1e300,
  -0.5,
  'NaN',
  '',
  'x',
  '__proto__',
  'constructor',
  '../x',
  '/etc/passwd',
  'file:///etc/passwd',
  '\u0000',
  'x'.repeat(100_000),
  [],
  [[]],
  [0],
  [-1, 2],
  [65_536, 65_536, 65_536],
  [2 ** 31 - 1, 1],
  [1, 2 ** 53],
  Array(1000).fill(1),
  {},
  { a: 1 },
  JSON.parse('{"__proto__": {"a": 1}}'),
  JSON.parse(`${'['.repeat(2000)}${']'.repeat(2000)}`),
];

/** A JSON text with one value of it replaced, removed, doubled or moved; also inside of texts that are JSON. */
function withValueChanged(text, roll) {
  const json = JSON.parse(text);
  const places = [];
  const walk = (holder, key) => {
    places.push({ holder, key });
    const value = holder[key];
    if (typeof value !== 'object' || value === null) return;
    for (const inner of Object.keys(value)) walk(value, inner);
  };
  const root = { json };
  walk(root, 'json');
  const { holder, key } = roll.pick(places);
  const other = roll.pick(places);
  const value = holder[key];
  if (typeof value === 'string' && value.startsWith('{')) holder[key] = withValueChanged(value, roll);
  else {
    const choice = roll.below(5);
    if (choice === 0 && Array.isArray(holder)) holder.splice(Number(key), 1);
    else if (choice === 0) delete holder[key];
    else if (choice === 1 && Array.isArray(holder)) holder.push(structuredClone(value));
    else if (choice === 1) holder[`${key}2`] = structuredClone(value);
    else if (choice === 2) holder[key] = structuredClone(other.holder[other.key] ?? null);
    else holder[key] = roll.pick(values());
  }
  return JSON.stringify(root.json) ?? '';
}

// The load, in a process of its own. Told { port, path, headers, body (base64), clients, rate, seconds } by its parent.
//
// With a `rate` the loop is open: requests are due at fixed times whatever the server does, and a latency counts from the
// time a request was due, so that a stalled server does not hide the requests that it kept from being sent. Without one, each
// client sends its next request when it has the answer to its last.
import { Connection, requestBytes } from './connection.mjs';

const kinds = (status) => (status === 200 ? 'ok' : status === 503 ? 'rejected' : `status ${status}`);

function recorder() {
  const times = { ok: [], rejected: [] };
  const others = {};
  return {
    times,
    others,
    add(kind, ms) {
      if (times[kind]) times[kind].push(ms);
      else others[kind] = (others[kind] ?? 0) + 1;
    },
  };
}

async function closedLoop({ port, clients, seconds }, bytes, record) {
  const end = performance.now() + seconds * 1000;
  const client = async () => {
    const connection = await Connection.open(port);
    while (performance.now() < end) {
      const start = performance.now();
      record.add(kinds(await connection.send(bytes)), performance.now() - start);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: clients }, client));
}

async function openLoop({ port, clients, rate, seconds }, bytes, record) {
  const idle = await Promise.all(Array.from({ length: clients }, () => Connection.open(port)));
  const late = [];
  let answered = 0;
  let last = 0;
  const start = performance.now();
  const total = Math.round(rate * seconds);

  const send = async (given, due) => {
    let kind;
    // The server closes connections on which nothing comes for a while.
    const connection = given.open ? given : await Connection.open(port);
    try {
      kind = kinds(await connection.send(bytes));
    } catch (error) {
      kind = error.message;
    }
    last = performance.now();
    record.add(kind, last - due);
    answered++;
    const free = connection.open ? connection : await Connection.open(port);
    if (late.length > 0) send(free, late.shift());
    else idle.push(free);
  };

  await new Promise((resolve) => {
    let sent = 0;
    const tick = () => {
      const now = performance.now();
      for (; sent < total && start + (sent * 1000) / rate <= now; sent++) {
        const due = start + (sent * 1000) / rate;
        if (idle.length > 0) send(idle.pop(), due);
        else late.push(due);
      }
      if (answered === total) return resolve();
      // What is due within a millisecond goes together: waiting more exactly would take a core from the server.
      setTimeout(tick, 1);
    };
    tick();
  });
  for (const connection of idle) connection.close();
  return (last - start) / 1000;
}

const at = (sorted, share) =>
  sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

function summary(times) {
  const sorted = Float64Array.from(times).sort();
  return {
    count: sorted.length,
    p50: at(sorted, 0.5),
    p99: at(sorted, 0.99),
    max: sorted.at(-1) ?? null,
  };
}

process.once('message', async (load) => {
  const body = Buffer.from(load.body, 'base64');
  const bytes = requestBytes({
    host: `127.0.0.1:${load.port}`,
    path: load.path,
    headers: load.headers,
    body,
  });
  const record = recorder();
  const took = load.rate ? await openLoop(load, bytes, record) : await closedLoop(load, bytes, record);
  const seconds = took ?? load.seconds;
  process.send({
    seconds,
    ok: summary(record.times.ok),
    rejected: summary(record.times.rejected),
    others: record.others,
  });
  process.disconnect();
});

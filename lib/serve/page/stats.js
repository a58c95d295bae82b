/** The server's own figures of the chosen model, once a second while the page is looked at. */

const period = 1000;

const time = (ns) => (ns < 1e9 ? `${(ns / 1e6).toFixed(ns < 1e7 ? 2 : 1)} ms` : `${(ns / 1e9).toFixed(1)} s`);

/**
 * @param {(id: string) => HTMLElement} byId
 * @param {() => { name: string, version: string } | undefined} chosen
 */
export function watchStats(byId, chosen) {
  const names = ['samples', 'rate', 'mean', 'queue', 'compute', 'failed'];
  const cells = Object.fromEntries(names.map((name) => [name, byId(name)]));
  const [sizes, state] = [byId('sizes'), byId('stats-state')];
  let before;

  function row({ batch_size: size, compute_infer: { count } }, all) {
    const line = document.createElement('tr');
    const head = document.createElement('th');
    head.scope = 'row';
    head.textContent = size;
    const times = document.createElement('td');
    times.textContent = count.toLocaleString('en');
    const share = document.createElement('td');
    const track = document.createElement('span');
    track.className = 'track';
    const fill = document.createElement('span');
    fill.className = 'fill';
    fill.style.width = `${(100 * count) / all}%`;
    track.append(fill);
    share.append(track);
    line.append(head, times, share);
    return line;
  }

  function draw(stats, now) {
    const { queue, compute_infer: compute, fail } = stats.inference_stats;
    const samples = stats.inference_count;
    const batches = stats.execution_count;
    const seconds = before ? (now - before.now) / 1000 : 0;
    const rate = seconds > 0 && before.samples <= samples ? (samples - before.samples) / seconds : 0;
    before = { samples, now };
    cells.samples.textContent = samples.toLocaleString('en');
    cells.rate.textContent = rate.toFixed(rate < 10 ? 1 : 0);
    cells.mean.textContent = batches > 0 ? (samples / batches).toFixed(2) : '–';
    cells.queue.textContent = queue.count > 0 ? time(queue.ns / queue.count) : '–';
    cells.compute.textContent = batches > 0 ? time(compute.ns / batches) : '–';
    cells.failed.textContent = fail.count.toLocaleString('en');
    const all = stats.batch_stats.reduce((sum, { compute_infer: { count } }) => sum + count, 0);
    sizes.replaceChildren(...stats.batch_stats.map((one) => row(one, all)));
  }

  async function look() {
    const model = chosen();
    if (model === undefined || document.hidden) return;
    try {
      const path = `v2/models/${encodeURIComponent(model.name)}/versions/${encodeURIComponent(model.version)}/stats`;
      const response = await fetch(path, { signal: AbortSignal.timeout(5000) });
      if (!response.ok) throw new Error(`the server answers ${response.status}`);
      const [stats] = (await response.json()).model_stats;
      if (chosen() !== model) return;
      draw(stats, performance.now());
      state.textContent = '';
    } catch {
      state.textContent = '(the server does not answer)';
    }
  }

  (async () => {
    for (;;) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, period));
    }
  })();

  return {
    /** Another model was chosen: its figures at once. */
    turn() {
      before = undefined;
      look();
    },
  };
}

/** The answer: the likeliest classes as bars. */

const percent = (share) => `${(100 * share).toFixed(share < 0.9995 ? 1 : 0)} %`;

/** The first of the names that a class has: "tabby, tabby cat" is long for a headline. */
const shortName = (label) => label.split(',')[0];

/** @param {(id: string) => HTMLElement} byId */
export function answerView(byId) {
  const [best, bars, latency, problem] = ['best', 'bars', 'latency', 'problem'].map(byId);

  function row({ label, probability }) {
    const item = document.createElement('li');
    const name = document.createElement('span');
    name.className = 'label';
    name.textContent = label;
    name.title = label;
    const share = document.createElement('span');
    share.className = 'share';
    share.textContent = percent(probability);
    const track = document.createElement('span');
    track.className = 'track';
    track.setAttribute('aria-hidden', 'true');
    const fill = document.createElement('span');
    fill.className = 'fill';
    fill.style.width = `${100 * probability}%`;
    track.append(fill);
    item.append(name, share, track);
    return item;
  }

  return {
    show({ top, ms }, roundTrip) {
      problem.hidden = true;
      const [first] = top;
      const headline = `${shortName(first.label)} (${percent(first.probability)})`;
      // Read aloud when it changes, not at every stroke.
      if (best.textContent !== headline) best.textContent = headline;
      bars.replaceChildren(...top.map(row));
      latency.textContent = `${roundTrip.toFixed(1)} ms from here to the answer, ${ms.toFixed(1)} ms of them in the server`;
    },
    clear() {
      problem.hidden = true;
      best.textContent = '–';
      bars.replaceChildren();
      latency.textContent = '';
    },
    fail(message) {
      this.clear();
      problem.textContent = message;
      problem.hidden = false;
    },
  };
}

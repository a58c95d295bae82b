/** The answer: the likeliest classes as bars. */

/** To a tenth; what is nearly nothing or nearly all does not claim to be it. */
function percent(share) {
  const shown =
    share > 0 && share < 0.0005 ? '< 0.1' : share < 1 && share > 0.9995 ? '> 99.9' : (100 * share).toFixed(1);
  return `${shown} %`.replaceAll(' ', '\u00a0');
}

/** The first of the names that a class has: "tabby, tabby cat" is long for a headline. */
const shortName = (label) => label.split(',')[0];

/** @param {(id: string) => HTMLElement} byId */
export function answerView(byId) {
  const [best, bars, latency, problem] = ['best', 'bars', 'latency', 'problem'].map(byId);

  function span(className, text) {
    const made = document.createElement('span');
    made.className = className;
    made.textContent = text;
    return made;
  }

  function row({ label, probability }) {
    const item = document.createElement('li');
    const name = span('label', label);
    name.title = label;
    const share = span('share', percent(probability));
    const track = span('track', '');
    track.setAttribute('aria-hidden', 'true');
    const fill = span('fill', '');
    fill.style.width = `${100 * probability}%`;
    track.append(fill);
    item.append(name, share, track);
    return item;
  }

  return {
    show({ top, ms }, roundTrip) {
      problem.hidden = true;
      const [first] = top;
      const [label, share] = [shortName(first.label), percent(first.probability)];
      // Read aloud when it changes, not at every stroke.
      if (best.textContent !== `${label} ${share}`) best.replaceChildren(`${label} `, span('share', share));
      bars.replaceChildren(...top.map(row));
      latency.textContent = `${roundTrip.toFixed(1)} ms from here to the answer, ${ms.toFixed(1)} ms of them in the server`;
    },
    clear() {
      problem.hidden = true;
      best.replaceChildren();
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

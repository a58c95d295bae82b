/** The drawing board: pen, mouse, finger or keyboard put dark ink on white paper. */

const ink = '#101010';
/** Of the board's 448 cells: what a felt pen is to a digit. */
const thickness = 30;
const step = 16;
const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {{ place: HTMLElement, canvas: HTMLCanvasElement, pen: HTMLElement, hint: HTMLElement }} parts `place` has the keyboard
 * @param {() => void} changed called whenever a stroke has grown
 */
export function board({ place, canvas, pen, hint }, changed) {
  const { width, height } = canvas;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const cursor = { x: width / 2, y: height / 4, down: false };
  let blank = true;

  function wipe() {
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, height);
    context.strokeStyle = ink;
    context.lineWidth = thickness;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    blank = true;
    hint.hidden = false;
  }

  function line(from, to) {
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    blank = false;
    hint.hidden = true;
    changed();
  }

  function placeOf(event) {
    const box = canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * width,
      y: ((event.clientY - box.top) / box.height) * height,
    };
  }

  let last;
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    last = placeOf(event);
    line(last, last);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (last === undefined) return;
    // A fast pen moves several times between two frames.
    const between = event.getCoalescedEvents?.() ?? [];
    for (const move of between.length > 0 ? between : [event]) {
      const next = placeOf(move);
      line(last, next);
      last = next;
    }
  });
  for (const end of ['pointerup', 'pointercancel']) {
    canvas.addEventListener(end, () => {
      last = undefined;
    });
  }

  function showPen() {
    pen.style.left = `${(100 * cursor.x) / width}%`;
    pen.style.top = `${(100 * cursor.y) / height}%`;
    pen.classList.toggle('down', cursor.down);
  }
  place.addEventListener('focus', () => {
    pen.hidden = !place.matches(':focus-visible');
    showPen();
  });
  place.addEventListener('blur', () => {
    cursor.down = false;
    pen.hidden = true;
  });
  place.addEventListener('keydown', (event) => {
    const move = moves[event.key];
    if (move) {
      const before = { ...cursor };
      cursor.x = Math.min(width, Math.max(0, cursor.x + step * move[0]));
      cursor.y = Math.min(height, Math.max(0, cursor.y + step * move[1]));
      if (cursor.down) line(before, cursor);
    } else if (event.key === ' ') {
      cursor.down = !cursor.down;
      if (cursor.down) line(cursor, cursor);
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      place.dispatchEvent(new Event('clear'));
    } else return;
    event.preventDefault();
    pen.hidden = false;
    showPen();
  });

  place.tabIndex = 0;
  wipe();
  return {
    wipe,
    /** The drawing as a PNG; undefined while the paper is blank. */
    picture: () => (blank ? undefined : new Promise((resolve) => canvas.toBlob(resolve, 'image/png'))),
  };
}

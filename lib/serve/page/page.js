import { answerView } from './answer.js';
import { board } from './board.js';
import { watchStats } from './stats.js';

const byId = (id) => document.getElementById(id);
const [select, stage, boardBox, drop, preview, file] = [
  'model',
  'stage',
  'board',
  'drop',
  'preview',
  'file',
].map(byId);

/** How long the pen rests before the server is asked. */
const pause = 120;

let models = [];
let photo;
let asked;
let timer;

const view = answerView(byId);
const chosen = () => models[select.selectedIndex];
const paper = board({ place: boardBox, canvas: byId('canvas'), pen: byId('pen'), hint: byId('hint') }, () => {
  clearTimeout(timer);
  timer = setTimeout(ask, pause);
});
const stats = watchStats(byId, chosen);

/** What is shown instead of an error's stack: the server's words where it has some. */
async function problemOf(response) {
  try {
    const { error } = await response.json();
    if (typeof error === 'string') return error;
  } catch {}
  return `The server answers ${response.status}.`;
}

/** Asks for the classes of what is on the stage; a newer question ends the one before. */
async function ask() {
  asked?.abort();
  const model = chosen();
  const picture = photo ?? (model.kind === 'digit' ? await paper.picture() : undefined);
  if (picture === undefined) return;
  const turn = new AbortController();
  asked = turn;
  const start = performance.now();
  try {
    const { name, version } = model;
    const response = await fetch(
      `v2/models/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}/classify?top=5`,
      { method: 'POST', headers: { 'content-type': picture.type }, body: picture, signal: turn.signal },
    );
    const answer = response.ok ? await response.json() : undefined;
    const problem = answer ? undefined : await problemOf(response);
    if (asked !== turn) return;
    if (problem === undefined) view.show(answer, performance.now() - start);
    else view.fail(problem);
  } catch {
    if (asked === turn) view.fail('The server does not answer.');
  }
}

/** The stage for the chosen model: a board for digits, a place for photos, or the photo itself. */
function setStage() {
  const digit = chosen()?.kind === 'digit';
  boardBox.hidden = !digit || photo !== undefined;
  byId('canvas-help').hidden = boardBox.hidden;
  drop.hidden = digit || photo !== undefined;
  preview.hidden = photo === undefined;
}

// What the browser cannot show the server may still read, or say why not.
preview.addEventListener('error', () => {
  preview.hidden = true;
  drop.hidden = false;
});

function clear() {
  asked?.abort();
  asked = undefined;
  clearTimeout(timer);
  if (photo) URL.revokeObjectURL(preview.src);
  photo = undefined;
  preview.removeAttribute('src');
  paper.wipe();
  view.clear();
  setStage();
}

function take(picked) {
  if (picked === undefined) return;
  clear();
  photo = picked;
  preview.src = URL.createObjectURL(picked);
  setStage();
  ask();
}

const pictureIn = (data) => Array.from(data?.files ?? []).find(({ type }) => type.startsWith('image/'));

byId('choose').addEventListener('click', () => file.click());
drop.addEventListener('click', () => file.click());
byId('clear').addEventListener('click', clear);
boardBox.addEventListener('clear', clear);
file.addEventListener('change', () => {
  take(file.files[0]);
  // The same file may be chosen again.
  file.value = '';
});
document.addEventListener('paste', ({ clipboardData }) => take(pictureIn(clipboardData)));
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  stage.classList.add('over');
});
document.addEventListener('dragleave', ({ relatedTarget }) => {
  if (relatedTarget === null) stage.classList.remove('over');
});
document.addEventListener('drop', (event) => {
  event.preventDefault();
  stage.classList.remove('over');
  take(pictureIn(event.dataTransfer));
});
select.addEventListener('change', () => {
  view.clear();
  setStage();
  stats.turn();
  ask();
});

async function start() {
  try {
    const response = await fetch('page/models.json');
    if (!response.ok) throw new Error(await problemOf(response));
    models = await response.json();
  } catch {
    view.fail('The server does not answer.');
    return;
  }
  const many = new Set(models.map(({ name }) => name)).size < models.length;
  select.replaceChildren(
    ...models.map(({ name, version }) => new Option(many ? `${name} (${version})` : name)),
  );
  if (models.length === 0) view.fail('No model of this server names what pictures show.');
  setStage();
  stats.turn();
}

start();

import { readFile } from 'node:fs/promises';
import { OptionError, show } from '../errors.js';

/** WordNet's number before a class of ImageNet: `n01440764 tench, Tinca tinca`. */
const synset = /^n\d{8}\s+/;

/** Names of classes from the file of --labels, where it was given: a JSON array of texts, or one name per line, the number of a synset before it left out. */
export async function readLabels(path: string | undefined): Promise<readonly string[] | undefined> {
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new OptionError(`--labels: ${show(path)} could not be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (text.trimStart().startsWith('[')) return fromJson(path, text);
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  if (lines.length === 0)
    throw new OptionError(`--labels: expected names in ${show(path)}, got an empty file`);
  const numbered = lines.every((line) => synset.test(line));
  return numbered ? lines.map((line) => line.replace(synset, '')) : lines;
}

/** Throws an OptionError where a model's classes are known and the names are not one for each. */
export function checkLabels(labels: readonly string[], classes: number | undefined): void {
  if (classes === undefined || labels.length === classes) return;
  throw new OptionError(`--labels: expected ${classes} names, one for each class, got ${labels.length}`);
}

function fromJson(path: string, text: string): readonly string[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new OptionError(`--labels: ${show(path)} is no JSON: ${(error as Error).message}`);
  }
  if (Array.isArray(json) && json.every((item) => typeof item === 'string')) return json as string[];
  throw new OptionError(`--labels: expected ${show(path)} to hold an array of texts`);
}

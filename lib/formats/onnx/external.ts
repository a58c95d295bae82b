import { show } from '../../errors.js';
import type { DataType } from '../../tensor.js';
import { containedParts, readContained } from '../contained.js';
import { readNumbers } from '../safetensors-data.js';
import { type ExternalTensor, readContext } from './context.js';
import { arrays } from './element-types.js';
import { checked } from './read-tensor.js';

const keys = ['location', 'offset', 'length', 'checksum'];
const maxFileBytes = 2 ** 31 - 1;

/** Reads the numbers of tensors that lie in other files of the folder in which the model at `path` lies. */
export async function readExternal(path: string, tensors: readonly ExternalTensor[]): Promise<void> {
  const { dirname } = await import('node:path');
  const groups = new Map<string, ExternalTensor[]>();
  for (const external of tensors) {
    const location = locationOf(external);
    groups.set(location, [...(groups.get(location) ?? []), external]);
  }
  for (const [location, group] of groups) {
    const [{ fail }] = group as [ExternalTensor];
    const bytes = await readContained(dirname(path), location, maxFileBytes, fail);
    // Tensors may share bytes, but not make many copies of the same ones.
    const context = readContext(bytes.length, false);
    for (const external of group) {
      const { tensor, fail } = external;
      const type = tensor.type as DataType;
      const span = spanOf(external, bytes.length);
      if (span.begin % arrays[type].BYTES_PER_ELEMENT !== 0) context.take(span.end - span.begin, fail);
      const entry = { name: tensor.name, dtype: type, shape: tensor.shape, ...span };
      tensor.data = checked(readNumbers(bytes, entry, type), type, fail);
    }
  }
}

function locationOf({ entries, fail }: ExternalTensor): string {
  for (const key of entries.keys()) {
    if (!keys.includes(key)) fail(`expected external data to have ${keys.join(', ')}, got ${show(key)}`);
  }
  const location = entries.get('location');
  if (location === undefined) return fail('expected the location of its external data, got none');
  return containedParts(location, fail).join('/');
}

/** Where in its file a tensor lies. */
function spanOf({ tensor, elements, entries, fail }: ExternalTensor, fileBytes: number) {
  const wanted = elements * arrays[tensor.type as DataType].BYTES_PER_ELEMENT;
  const begin = natural('offset', entries.get('offset') ?? '0', fail);
  const length = natural('length', entries.get('length') ?? `${wanted}`, fail);
  if (length !== wanted) fail(`expected ${wanted} bytes of external data, got a length of ${length}`);
  const end = begin + length;
  if (end > fileBytes) {
    fail(`expected its external data to end in a file of ${fileBytes} bytes, got byte ${end}`);
  }
  return { begin, end };
}

function natural(key: string, text: string, fail: ExternalTensor['fail']): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : fail(`expected ${key} to be a length, got ${show(text)}`);
}

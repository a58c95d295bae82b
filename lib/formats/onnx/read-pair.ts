import type { WireReader } from './wire.js';

/** Reads a StringStringEntryProto. */
export function readPair(wire: WireReader, what: string): [string, string] {
  let key = '';
  let value = '';
  for (let field = wire.next(); field !== 0; field = wire.next()) {
    if (field === 1) key = wire.text(`a name of ${what}`);
    else if (field === 2) value = wire.text(`a value of ${what}`);
    else wire.skip();
  }
  return [key, value];
}

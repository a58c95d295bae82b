import type { WireReader } from './wire.js';

/** Reads an OperatorSetIdProto. */
export function readOpset(wire: WireReader): { domain: string; version: number } {
  let [domain, version] = ['', 0];
  for (let field = wire.next(); field !== 0; field = wire.next()) {
    if (field === 1) domain = wire.text('a domain');
    else if (field === 2) version = wire.int();
    else wire.skip();
  }
  return { domain, version };
}

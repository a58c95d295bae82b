import type { Fail } from '../safetensors.js';
import { elementType, pushAxis } from './element-types.js';
import type { OnnxPort } from './file.js';
import type { WireReader } from './wire.js';

/** Reads a ValueInfoProto. What is not a tensor (a sequence, a map) has the type 'undefined'. */
export function readPort(wire: WireReader, fail: Fail): OnnxPort {
  let name = '';
  let type: Omit<OnnxPort, 'name'> = { type: 'undefined', shape: undefined };
  for (let field = wire.next(); field !== 0; field = wire.next()) {
    if (field === 1) name = wire.text('a name');
    else if (field === 2) type = readType(wire.message(fail), fail);
    else wire.skip();
  }
  if (name === '') fail('expected a name, got none');
  return { name, ...type };
}

function readType(wire: WireReader, fail: Fail): Omit<OnnxPort, 'name'> {
  let type: Omit<OnnxPort, 'name'> = { type: 'undefined', shape: undefined };
  for (let field = wire.next(); field !== 0; field = wire.next()) {
    if (field === 1) type = readTensorType(wire.message(), fail);
    else wire.skip();
  }
  return type;
}

function readTensorType(wire: WireReader, fail: Fail): Omit<OnnxPort, 'name'> {
  let number = 0;
  let shape: (number | string)[] | undefined;
  for (let field = wire.next(); field !== 0; field = wire.next()) {
    if (field === 1) number = wire.int();
    else if (field === 2) shape = readShape(wire.message(), fail);
    else wire.skip();
  }
  return { type: elementType(number, fail), shape };
}

function readShape(wire: WireReader, fail: Fail): (number | string)[] {
  const shape: (number | string)[] = [];
  for (let field = wire.next(); field !== 0; field = wire.next()) {
    if (field === 1) pushAxis(shape, readLength(wire.message()), fail);
    else wire.skip();
  }
  return shape;
}

/** A Dimension: a number, a name, or nothing; exporters write negative numbers for what is free, too. */
function readLength(wire: WireReader): number | string {
  let length: number | string = -1;
  for (let field = wire.next(); field !== 0; field = wire.next()) {
    if (field === 1) length = Math.max(-1, wire.int());
    else if (field === 2) length = wire.text('the name of a length') || -1;
    else wire.skip();
  }
  return length;
}

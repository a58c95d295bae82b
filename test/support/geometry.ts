import { type Act, parameters } from './activation.js';
import { activations } from './internals.js';
import { type Resolved, resolve, type Window } from './windows.js';

/** The geometry fields of a case, written from the contract and not taken from the code under test. */
export function windowFields(spec: Window, oc: number, r: Resolved = resolve(spec)): Record<string, number> {
  const { pb: _bottom, pr: _right, ...fields } = r;
  return { ...fields, oc };
}

export function poolFields(spec: Window, r: Resolved = resolve(spec)): Record<string, number> {
  return { ...r, oc: spec.c };
}

export function actFields(act: Act): Record<string, number> {
  return { act: (activations as readonly string[]).indexOf(act.act ?? 'none'), ...parameters(act) };
}

/** A case as one line: what is not the default, in the order in which it was written. */
export function nameOf(spec: object): string {
  return Object.entries(spec)
    .map(([key, value]) =>
      value === true ? key : `${key}=${Array.isArray(value) ? value.join(',') : value}`,
    )
    .join(' ');
}

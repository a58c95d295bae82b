import { show } from '../errors.js';
import { Refusal, refuse } from './refusal.js';

/** What a path of the protocol asks for. */
export type Route =
  | { readonly kind: 'server' | 'live' | 'ready' | 'statistics' }
  | {
      readonly kind: 'model' | 'modelReady' | 'modelStatistics' | 'infer';
      readonly name: string;
      readonly version: string | undefined;
    };

const ofServer: ReadonlyMap<string, Route> = new Map([
  ['', { kind: 'server' }],
  ['health/live', { kind: 'live' }],
  ['health/ready', { kind: 'ready' }],
  ['models/stats', { kind: 'statistics' }],
]);

const ofModel = new Map([
  ['', 'model'],
  ['ready', 'modelReady'],
  ['stats', 'modelStatistics'],
  ['infer', 'infer'],
] as const);

/**
 * Finds what a request's target (path and query) asks for. Parts of the path are percent-decoded once, after they were
 * parted, and mean nothing but themselves. Throws a Refusal: 404 for other paths, 405 for other methods, 400 where the
 * encoding is broken.
 */
export function routeOf(method: string, url: string): Route {
  const path = url.replace(/[?#].*$/s, '').replace(/\/$/, '');
  const [root, first, ...parts] = path.split('/');
  const route =
    root === '' && first === 'v2' ? (ofServer.get(parts.join('/')) ?? modelRoute(parts)) : undefined;
  if (!route) throw new Refusal(404, `no such path: ${show(path)}`);
  const allowed = route.kind === 'infer' ? ['POST'] : ['GET', 'HEAD'];
  if (allowed.includes(method)) return route;
  const allow = allowed.join(', ');
  throw new Refusal(405, `expected the method ${allow} for ${show(path)}, got ${show(method)}`, { allow });
}

/** models/NAME[/versions/VERSION][/VERB] */
function modelRoute([models, name, ...rest]: readonly string[]): Route | undefined {
  const version = rest[0] === 'versions' ? rest[1] : undefined;
  const [verb = '', ...more] = version === undefined ? rest : rest.slice(2);
  const kind = ofModel.get(verb as 'infer');
  if (models !== 'models' || !name || version === '' || !kind || more.length > 0) return undefined;
  return { kind, name: decoded(name), version: version === undefined ? undefined : decoded(version) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return refuse(`expected a percent-encoded name in the path, got ${show(part)}`);
  }
}

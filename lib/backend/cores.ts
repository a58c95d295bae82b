import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Cores this process may use: its affinity, and the CPU quota of its control groups rounded up. At least 1. */
export function usableCores(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(cpuQuota())));
}

/** Cores' worth of time that the control groups (version 1 or 2) allow; Infinity where there is no limit. */
export function cpuQuota(read: (path: string) => string | undefined = readText): number {
  let quota = Number.POSITIVE_INFINITY;
  for (const line of read('/proc/self/cgroup')?.split('\n') ?? []) {
    // "hierarchy:controllers:path"; version 2 has hierarchy 0 and no controllers.
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === '') continue;
    for (const group of ancestors(path)) {
      if (controllers === '') quota = Math.min(quota, version2(read(`/sys/fs/cgroup${group}/cpu.max`)));
      else if (controllers.split(',').includes('cpu')) {
        const folder = `/sys/fs/cgroup/${controllers}${group}`;
        quota = Math.min(
          quota,
          version1(read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`)),
        );
      }
    }
  }
  return quota;
}

/** "/a/b" -> "/a/b", "/a", "": a limit of any of them counts. */
function ancestors(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return [...parts.map((_, i) => `/${parts.slice(0, parts.length - i).join('/')}`), ''];
}

/** "max 100000" or "150000 100000" */
function version2(text: string | undefined): number {
  const [limit, period] = (text ?? '').trim().split(' ');
  return ratio(limit, period);
}

/** -1 where there is no limit. */
function version1(limit: string | undefined, period: string | undefined): number {
  return ratio(limit?.trim(), period?.trim());
}

function ratio(limit: string | undefined, period: string | undefined): number {
  const cores = Number(limit) / Number(period);
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

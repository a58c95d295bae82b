import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** Why the page cannot be tested in a browser; undefined where it can. In CI its absence is an error. */
export const browserMissing: string | undefined = existsSync(executablePath)
  ? undefined
  : `no browser: apt-get install chromium puts one at ${executablePath}`;

if (browserMissing !== undefined && process.env.CI === 'true') throw new Error(browserMissing);

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}

/** A new page that keeps everything it complains about. */
export async function newPage(browser: Browser, options: Parameters<Browser['newPage']>[0] = {}) {
  const page = await browser.newPage(options);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => {
    // A newer question ends the one before.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') complaints.push(request.url());
  });
  return { page, complaints };
}

/** Draws lines through points of the board, 0..1 from its upper left corner. */
export async function draw(page: Page, lines: readonly (readonly (readonly [number, number])[])[]) {
  const box = await page.locator('#canvas').boundingBox();
  if (!box) throw new Error('the board is not shown');
  const at = ([x, y]: readonly [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
  for (const [first, ...rest] of lines) {
    await page.mouse.move(...at(first as [number, number]));
    await page.mouse.down();
    for (const point of rest) await page.mouse.move(...at(point), { steps: 6 });
    await page.mouse.up();
  }
}

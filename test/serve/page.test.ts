/// <reference lib="dom" />
import { load, loadOnnx, type Model } from 'neocog';
import { createServer, type Server } from 'neocog/serve';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserMissing, draw, newPage, openBrowser } from '../support/browser.js';
import { dataFile, dataMissing } from '../support/data.js';
import { digitsFile, two } from '../support/serving.js';

let server: Server;
let browser: Browser;

const imagenet = { kind: 'image', resize: 256, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

beforeAll(async () => {
  if (browserMissing !== undefined) return;
  const models: Record<string, Model | { model: Model; preprocessing: typeof imagenet }> = {
    digits: await load(digitsFile),
  };
  if (dataMissing === undefined) {
    const model = await loadOnnx(dataFile('models/squeezenet1.1.onnx'));
    models.squeezenet = { model, preprocessing: imagenet };
  }
  server = await createServer({ port: 0, models });
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

const headline = (page: Page) => page.locator('#best');
const seven = [
  [
    [0.28, 0.2],
    [0.72, 0.2],
    [0.5, 0.85],
  ],
] as const;
const one = [
  [
    [0.5, 0.15],
    [0.5, 0.85],
  ],
] as const;

async function shows(page: Page, text: RegExp): Promise<void> {
  await page.waitForFunction(
    ([source]) => new RegExp(source as string).test(document.getElementById('best')?.textContent ?? ''),
    [text.source],
    { timeout: 15_000 },
  );
}

describe.skipIf(browserMissing !== undefined)('the page in a browser', () => {
  test('a drawn digit is named while it is drawn, and cleared', async () => {
    const { page, complaints } = await newPage(browser);
    await page.goto(server.url);
    await draw(page, seven);
    await shows(page, /^7 [>\d]/);
    expect(await page.locator('#bars li').count()).toBe(5);
    expect(await page.locator('#latency').textContent()).toMatch(/[\d.]+ ms .* in the server/);
    await page.getByRole('button', { name: 'Clear' }).click();
    expect(await headline(page).textContent()).toBe('');
    await draw(page, one);
    await shows(page, /^1 [>\d]/);
    // What stands in the bars is what they show.
    const share = Number.parseFloat(
      (await page.locator('#bars li .share').first().textContent())?.replace(/[<>]/, '') ?? '',
    );
    const width = await page
      .locator('#bars li .fill')
      .first()
      .evaluate((fill: HTMLElement) => fill.style.width);
    expect(Math.abs(Number.parseFloat(width) - share)).toBeLessThan(0.11);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a digit is drawn with the keyboard alone', async () => {
    const { page, complaints } = await newPage(browser);
    await page.goto(server.url);
    await page.locator('#board').waitFor();
    for (let i = 0; i < 5; i++) {
      await page.keyboard.press('Tab');
      if (await page.locator('#board').evaluate((board) => board === document.activeElement)) break;
    }
    expect(await page.locator('#pen').isVisible()).toBe(true);
    await page.keyboard.press('Space');
    for (let i = 0; i < 14; i++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await shows(page, /^1 [>\d]/);
    await page.keyboard.press('Delete');
    expect(await headline(page).textContent()).toBe('');
    // The keyboard goes on to the buttons.
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('choose');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a picture of a digit is chosen, what is no picture is refused in words', async () => {
    const { page, complaints } = await newPage(browser);
    await page.goto(server.url);
    await page.locator('#board').waitFor();
    await page.locator('#file').setInputFiles(two);
    await shows(page, /^2 [>\d]/);
    expect(await page.locator('#preview').isVisible()).toBe(true);
    expect(complaints).toEqual([]);
    await page
      .locator('#file')
      .setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('no') });
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toMatch(/expected a JPEG, PNG or WebP/);
    await page.close();
  });

  test('the figures of the batches are live', async () => {
    const { page, complaints } = await newPage(browser);
    await page.goto(server.url);
    await page.waitForFunction(() => document.getElementById('samples')?.textContent !== '');
    const before = Number(await page.locator('#samples').textContent());
    await draw(page, one);
    await shows(page, /^1 [>\d]/);
    await page.waitForFunction(
      ([old]) => Number(document.getElementById('samples')?.textContent) > (old as number),
      [before],
      { timeout: 5000 },
    );
    expect(await page.locator('#sizes tr').count()).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('every control has a name, and nothing is wider than a phone', async () => {
    const { page } = await newPage(browser, { viewport: { width: 320, height: 640 } });
    await page.goto(server.url);
    await page.locator('#board').waitFor();
    await draw(page, seven);
    await shows(page, /^7 [>\d]/);
    const unnamed = await page.$$eval('button, select, input, canvas, [role], img', (all) =>
      all
        .filter((one) => {
          const control = one as HTMLInputElement;
          const text = control.textContent?.trim() || control.labels?.[0]?.textContent?.trim();
          return (
            !text &&
            !one.hasAttribute('aria-label') &&
            !one.hasAttribute('alt') &&
            !one.hasAttribute('aria-hidden') &&
            !control.hidden
          );
        })
        .map((one) => one.outerHTML),
    );
    expect(unnamed).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    await page.close();
  });

  test.skipIf(dataMissing !== undefined)('a photo is named by another model', async () => {
    const { page, complaints } = await newPage(browser);
    await page.goto(server.url);
    await page.locator('#board').waitFor();
    await page.getByLabel('Model').selectOption('squeezenet');
    expect(await page.getByRole('button', { name: /Choose a photo/ }).isVisible()).toBe(true);
    await page.locator('#file').setInputFiles(dataFile('data/photos/flamingo.jpg'));
    await shows(page, /^130 [>\d]/);
    expect(complaints).toEqual([]);
    await page.close();
  });
});

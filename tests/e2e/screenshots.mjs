// Pictures of the page after fifty steps, in three sizes and both themes: node screenshots.mjs OUT_DIR

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { call, launch, openReady } from './browser.mjs';
import { mnist, serveSite } from './site.mjs';

const SIZES = [
  [1440, 900],
  [1024, 768],
  [390, 844],
];

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node screenshots.mjs OUT_DIR');
  process.exit(2);
}
await mkdir(folder, { recursive: true });
const site = await serveSite();
const browser = await launch({ webgpu: true });
try {
  for (const [width, height] of SIZES) {
    for (const colorScheme of ['light', 'dark']) {
      const context = { viewport: { width, height }, colorScheme };
      const { page, complaints } = await openReady(browser, site.url, { context, data: mnist ? 'mnist' : 'generated' });
      await call(page, 'reset', { seed: 0 });
      await call(page, 'train', { steps: 50 });
      await page.waitForTimeout(500); // the last drawing
      const path = join(folder, `${width}x${height}-${colorScheme}.png`);
      await page.screenshot({ path });
      console.log(path, ...complaints);
      await page.context().close();
    }
  }
} finally {
  await browser.close();
  await site.close();
}

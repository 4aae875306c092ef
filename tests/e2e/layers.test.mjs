// Every kind of layer from the page's own menu, trained on both engines.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { call, launch, openReady } from './browser.mjs';
import { serveSite } from './site.mjs';

const TIMEOUT = { timeout: 180_000 };

/** Put into the small CNN from the left, each before the layer at this position, with what its head then says. */
const INSERTED = [
  [1, 'BatchNorm2d', ''],
  [2, 'GELU', ''],
  [3, 'ELU', 'alpha 1'],
  [4, 'Residual', '+ input of 1'],
  [5, 'Dropout', 'p 0.5'],
];

let browser;
let site;

before(async () => {
  site = await serveSite();
  browser = await launch({ webgpu: true });
});

after(async () => {
  await browser?.close();
  await site?.close();
});

async function insert(page, position, type) {
  await page.getByTestId(`insert-${position}-button`).click();
  await page.getByTestId(`insert-${position}-${type}`).click();
  await page.getByTestId(`head-${position}`).getByText(type).waitFor();
}

for (const backend of ['cpu', 'gpu']) {
  test(`layers from the menu learn on ${backend}, and show what they keep`, TIMEOUT, async () => {
    const { page, complaints } = await openReady(browser, site.url);
    await call(page, 'setBackend', backend);
    for (const [position, type, summary] of INSERTED) {
      await insert(page, position, type);
      const shown = await page.getByTestId(`head-${position}`).innerText();
      assert.ok(shown.includes(summary), `${type} says ${shown}`);
    }
    await call(page, 'reset', { seed: 0 });
    const first = await call(page, 'train', { steps: 1 });
    const last = await call(page, 'train', { steps: 29 });
    assert.ok(last.last.loss < 0.9 * first.last.loss, `${first.last.loss} became ${last.last.loss}`);

    await page.getByTestId('head-1').click();
    await page.getByTestId('buffers').getByText('1.running_mean').waitFor();
    await page.getByTestId('buffers').getByText('1.num_batches_tracked').waitFor();
    await page.getByTestId('parameters').getByText('1.weight').waitFor();
    // A layer before the block moves it along.
    await insert(page, 0, 'ReLU');
    await page.getByTestId('head-5').getByText('+ input of 2').waitFor();
    await page.getByTestId('head-3').click();
    await page.getByTestId('arg-approximate').selectOption('tanh');
    await page.getByTestId('head-3').getByText('tanh').waitFor();
    assert.ok(Number.isFinite((await call(page, 'train', { steps: 1 })).last.loss));
    assert.deepEqual(complaints, []);
    await page.context().close();
  });
}

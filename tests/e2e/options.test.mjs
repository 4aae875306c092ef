// How a network is trained, set by the page's own controls.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { call, launch, openReady } from './browser.mjs';
import { serveSite } from './site.mjs';

const TIMEOUT = { timeout: 60_000 };

let browser;
let site;

before(async () => {
  site = await serveSite();
  browser = await launch({ webgpu: false });
});

after(async () => {
  await browser?.close();
  await site?.close();
});

test('loss, clipping, schedule and frozen layers are what the controls say', TIMEOUT, async () => {
  const { page, complaints } = await openReady(browser, site.url);
  const options = () => page.evaluate(() => window.receptive.options());
  await page.getByTestId('optimiser-menu-button').click();
  await page.getByTestId('loss').selectOption('MSELoss');
  await page.getByTestId('option-clip_grad_norm').fill('1');
  await page.getByTestId('option-clip_grad_norm').press('Enter');
  assert.ok(await page.getByTestId('optimiser-momentum').isEnabled());
  await page.getByTestId('schedule').selectOption('OneCycleLR');
  // The schedule sets the momentum: its field would change nothing.
  await page.getByText('momentum cycles').waitFor();
  assert.ok(await page.getByTestId('optimiser-momentum').isDisabled());
  assert.ok(await page.getByTestId('schedule-max_momentum').isEnabled());
  await page.getByTestId('cycle-momentum').uncheck();
  assert.ok(await page.getByTestId('optimiser-momentum').isEnabled());
  assert.ok(await page.getByTestId('schedule-max_momentum').isDisabled());
  await page.keyboard.press('Escape');

  await page.getByTestId('head-0').click();
  await page.getByTestId('frozen').check();
  const chosen = await options();
  assert.equal(chosen.loss.type, 'MSELoss');
  assert.equal(chosen.clip_grad_norm, 1);
  assert.equal(chosen.schedule.type, 'OneCycleLR');
  assert.deepEqual(chosen.frozen, [0]);

  const weights = () => page.evaluate(async () => Array.from(new Uint8Array(await window.receptive.weights())));
  const before = tensors(await weights());
  await call(page, 'train', { steps: 5 });
  const after = tensors(await weights());
  assert.deepEqual(after['0.weight'], before['0.weight']);
  assert.notDeepEqual(after['3.weight'], before['3.weight']);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

/** The bytes of each tensor of a safetensors file. */
function tensors(file) {
  const bytes = Buffer.from(file);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, start).toString());
  delete header.__metadata__;
  return Object.fromEntries(
    Object.entries(header).map(([name, { data_offsets: [from, to] }]) => [
      name,
      bytes.subarray(start + from, start + to).toString('hex'),
    ]),
  );
}

// Training steps shared by several workers, and the trial that finds out how many are worth it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { call, launch, openPage, openReady, ready } from './browser.mjs';
import { serveSite } from './site.mjs';

const TIMEOUT = { timeout: 180_000 };
const N_STEPS = 12;

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

/** The losses of a run from the seed 3 on; `meanwhile` is called in its middle. */
async function losses(page, meanwhile = async () => {}) {
  await call(page, 'reset', { seed: 3 });
  await page.evaluate(() => {
    window.losses = [];
    window.stopListening?.();
    window.stopListening = window.receptive.on('metrics', ({ train }) => {
      window.losses.push(...train.map(({ loss }) => loss));
    });
  });
  await call(page, 'train', { steps: N_STEPS / 2 });
  await meanwhile();
  await call(page, 'train', { steps: N_STEPS / 2 });
  return page.evaluate(() => window.losses);
}

function assertClose(left, right) {
  left.forEach((one, step) => {
    // Sums of parts differ from the sum of all by float32 rounding, and training amplifies the differences a little.
    assert.ok(Math.abs(one - right[step]) <= 1e-3 * Math.abs(one), `step ${step + 1}: ${one} and ${right[step]}`);
  });
}

const badge = (page) => page.getByTestId('backend').innerText();

test('two workers repeat themselves bit for bit, and learn as one does', TIMEOUT, async () => {
  const { page, complaints } = await openReady(browser, site.url);
  for (const model of ['s', 'normed']) {
    await call(page, 'setModel', model);
    const runs = {};
    for (const n of [1, 2, 3]) {
      await call(page, 'setWorkers', n);
      assert.equal((await call(page, 'backend')).n_workers, n);
      assert.equal(await badge(page), n === 1 ? 'CPU · 1 worker' : `CPU · ${n} workers`);
      runs[n] = await losses(page);
      assert.equal(runs[n].length, N_STEPS);
      assert.deepEqual(await losses(page), runs[n], `${model}, ${n} workers, the same again`);
    }
    if (model === 's') {
      assertClose(runs[1], runs[2]);
      assertClose(runs[1], runs[3]);
      assert.notDeepEqual(runs[1], runs[2], 'the batch was cut');
    }
  }
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('a worker that is ended in the middle changes no loss, and the page says so', TIMEOUT, async () => {
  const { page, complaints } = await openReady(browser, site.url);
  await call(page, 'setWorkers', 2);
  const undisturbed = await losses(page);
  const disturbed = await losses(page, async () => {
    const helpers = [];
    for (const worker of page.workers()) {
      if ((await worker.evaluate(() => self.name)) === 'receptive-helper') {
        helpers.push(worker);
      }
    }
    assert.equal(helpers.length, 1);
    await helpers[0].evaluate(() => self.close());
  });
  assert.deepEqual(disturbed, undisturbed);
  const { n_workers, problem } = await call(page, 'backend');
  assert.equal(n_workers, 1);
  assert.match(problem, /worker stopped/);
  await page.getByTestId('notice').getByText('worker stopped').waitFor();
  // Who wants two again gets two again.
  await call(page, 'setWorkers', 2);
  const again = await call(page, 'backend');
  assert.deepEqual([again.n_workers, again.problem], [2, null]);
  assert.deepEqual(await losses(page), undisturbed);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('the number of workers is chosen on the page, by the address, and refused where it cannot be', TIMEOUT, async () => {
  const { page, complaints } = await openPage(browser, `${site.url}?backend=cpu&workers=2`);
  await ready(page);
  await page.getByText('CPU · 2 workers').waitFor();
  await page.getByTestId('backend-menu-button').click();
  assert.equal(await page.getByTestId('workers').inputValue(), '2');
  await page.getByTestId('workers').selectOption('3');
  await page.getByText('CPU · 3 workers').waitFor();
  assert.equal((await call(page, 'backend')).asked.n_workers, 3);
  for (const wrong of [0, 17, 1.5, 'many']) {
    const refusal = await call(page, 'setWorkers', wrong).then(() => '(accepted)', (error) => error.message);
    assert.match(refusal, /workers has to be/, String(wrong));
  }
  assert.deepEqual(complaints, []);
  await page.goto(`${site.url}?workers=none`);
  await page.getByTestId('notice').getByText('workers').waitFor();
  await page.context().close();
});

test('the page tries the engines on the network at hand, and says what it found', TIMEOUT, async () => {
  const { page, complaints } = await openPage(browser, `${site.url}?model=linear`);
  await ready(page);
  const settled = () => page.waitForFunction(() => / ms a step/.test(window.receptive.backend()?.reason), undefined, { timeout: 60_000 });
  await settled();
  const { reason, trials, asked, kind, n_workers } = await call(page, 'backend');
  assert.deepEqual(asked, { backend: 'auto', n_workers: null });
  const nCores = await page.evaluate(() => navigator.hardwareConcurrency);
  const counts = [...new Set([1, Math.min(2, nCores), Math.min(4, nCores)])];
  assert.deepEqual(trials.filter((trial) => trial.kind === 'cpu').map((trial) => trial.n_workers), counts);
  assert.match(trials.find((trial) => trial.kind === 'gpu').name, /swiftshader/i);
  assert.ok(trials.every((trial) => trial.step_millis > 0), JSON.stringify(trials));
  assert.match(reason, /CPU, 1 worker: [\d.]+ ms/);
  assert.match(reason, /WebGPU \(.*swiftshader.*\): [\d.]+ ms/i);
  // Whatever was fastest runs.
  const chosen = trials.find((trial) => trial.kind === kind && trial.n_workers === n_workers);
  const least = Math.min(...trials.map((trial) => trial.step_millis));
  assert.ok(0.9 * chosen.step_millis <= least, JSON.stringify(trials));
  await page.getByTestId('backend-menu-button').click();
  await page.getByTestId('backend-details').getByText('ms a step').waitFor();
  // Another network is another trial; the first one's is remembered.
  await call(page, 'setModel', 's');
  await settled();
  assert.notDeepEqual((await call(page, 'backend')).trials, trials);
  await call(page, 'setModel', 'linear');
  assert.deepEqual((await call(page, 'backend')).trials, trials);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

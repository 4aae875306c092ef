// Two engines, two programs, one set of numbers; and a page that says so where there is no WebGPU.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { call, launch, openPage, openReady, ready } from './browser.mjs';
import { serveSite } from './site.mjs';

const TIMEOUT = { timeout: 180_000 };
const N_STEPS = 20;

let site;

before(async () => {
  site = await serveSite();
});

after(async () => {
  await site?.close();
});

/** The losses of the first steps, from the beginning. */
async function firstLosses(page) {
  await call(page, 'reset', { seed: 0 });
  const losses = [];
  for (let step = 0; step < N_STEPS; step += 1) {
    losses.push((await call(page, 'train', { steps: 1 })).last.loss);
  }
  return losses;
}

/** Sums in another order, or of products rounded otherwise, differ in their last digits; training amplifies that a little. */
function assertAgree(losses, others) {
  assert.equal(losses.length, others.length);
  losses.forEach((loss, step) => {
    const other = others[step];
    assert.ok(Math.abs(other - loss) <= 1e-4 + 1e-3 * Math.abs(loss), `step ${step + 1}: ${loss} and ${other}`);
  });
}

test('WebGPU and the CPU give the same first twenty losses', TIMEOUT, async () => {
  const browser = await launch({ webgpu: true });
  try {
    const { page, complaints } = await openReady(browser, site.url);
    const losses = {};
    for (const backend of ['cpu', 'gpu']) {
      await call(page, 'setBackend', backend);
      assert.equal((await call(page, 'backend')).kind, backend);
      losses[backend] = await firstLosses(page);
    }
    assertAgree(losses.cpu, losses.gpu);
    assert.ok(new Set(losses.cpu).size > 1, 'the losses change');
    const { pictures, dispatches_per_step: dispatches } = await call(page, 'backend');
    assert.match(pictures, /keeps all/);
    assert.ok(dispatches <= 8, `${dispatches} dispatches a step`);
    await page.getByTestId('backend-menu-button').click();
    await page.getByTestId('measure-kernels').click();
    const kernels = page.getByTestId('kernel-times').locator('tr');
    await kernels.first().waitFor();
    assert.equal(await kernels.count(), dispatches, 'each dispatch is timed');
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
});

test('a run on WebGPU says that the shaders are compiled, until the first step', TIMEOUT, async () => {
  const browser = await launch({ webgpu: true });
  try {
    const { page, complaints } = await openReady(browser, site.url, { backend: 'gpu' });
    await page.evaluate(() => {
      const badge = document.querySelector('[data-testid="backend"]');
      window.badges = [badge.textContent];
      new MutationObserver(() => window.badges.push(badge.textContent)).observe(badge, {
        characterData: true,
        childList: true,
        subtree: true,
      });
    });
    // At once: a page that is left alone for a second begins to compile.
    await page.evaluate(() => Promise.all([receptive.setModel('lenet5'), receptive.train({ steps: 2 })]));
    await page.getByTestId('backend').getByText('WebGPU').waitFor();
    assert.deepEqual(await page.evaluate(() => window.badges), ['WebGPU', 'compiling…', 'WebGPU']);
    await call(page, 'train', { steps: 2 });
    assert.equal((await page.evaluate(() => window.badges)).length, 3, 'once is enough');
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
});

test('a browser gets the program that it can run, and both learn the same', TIMEOUT, async () => {
  const browser = await launch({ webgpu: false });
  const without = () => {
    WebAssembly.validate = () => false;
  };
  try {
    const seen = [];
    for (const before of [undefined, without]) {
      const { page, complaints } = await openReady(browser, site.url, { before });
      const losses = await firstLosses(page);
      const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
      const { name } = await call(page, 'backend');
      const programs = new Set(loaded.flatMap((url) => url.match(/(fma|page)-\w+_bg\.wasm$/)?.[1] ?? []));
      seen.push({ name, losses, programs: [...programs] });
      assert.deepEqual(complaints, []);
      await page.close();
    }
    const [fma, plain] = seen;
    assert.equal(fma.name, 'WebAssembly SIMD with FMA');
    assert.deepEqual(fma.programs, ['fma']);
    assert.equal(plain.name, 'WebAssembly SIMD');
    assert.deepEqual(plain.programs, ['page']);
    assertAgree(plain.losses, fma.losses);
    assert.notDeepEqual(fma.losses, plain.losses, 'these are two programs');
  } finally {
    await browser.close();
  }
});

test('without WebGPU the page says so and trains on the CPU', TIMEOUT, async () => {
  const browser = await launch({ webgpu: false });
  try {
    const { page, complaints } = await openPage(browser, site.url);
    const hasAdapter = await page.evaluate(async () => Boolean(await navigator.gpu?.requestAdapter()));
    assert.equal(hasAdapter, false, 'this browser was to have no WebGPU');
    await ready(page);
    assert.equal((await call(page, 'backend')).kind, 'cpu');
    // It trains at once, and looks for WebGPU while nothing trains.
    await page.getByTestId('notice').getByText('WebGPU').waitFor();
    const backend = await call(page, 'backend');
    assert.equal(backend.kind, 'cpu');
    assert.match(backend.reason, /WebGPU/i);
    assert.ok(backend.stands_in);
    await call(page, 'loadData', 'generated');
    const { step, last } = await call(page, 'train', { steps: 3 });
    assert.equal(step, 3);
    assert.ok(Number.isFinite(last.loss));
    const refusal = await call(page, 'setBackend', 'gpu').then(() => '(accepted)', (error) => error.message);
    assert.match(refusal, /WebGPU/i);
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
});

test('without WebAssembly the page shows words', TIMEOUT, async () => {
  const browser = await launch({ webgpu: false });
  try {
    const { page } = await openPage(browser, site.url, { before: () => delete window.WebAssembly });
    const says = () => /WebAssembly/i.test(document.body.innerText);
    await page.waitForFunction(says, undefined, { timeout: 10_000 }).catch(async () => {
      const text = await page.evaluate(() => document.body.innerText.trim());
      assert.fail(`the page does not say that it needs WebAssembly; it says "${text}"`);
    });
  } finally {
    await browser.close();
  }
});

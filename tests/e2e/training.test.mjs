// The page on its CPU engine: it starts, learns, and its interface does what it says.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { call, launch, openPage, openReady, ready } from './browser.mjs';
import { serveSite } from './site.mjs';

const TIMEOUT = { timeout: 180_000 };

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

test('the page becomes ready on the CPU, complains of nothing and asks no other server', TIMEOUT, async () => {
  const { page, complaints } = await openPage(browser, site.url);
  await ready(page);
  await call(page, 'setBackend', 'cpu');
  const backend = await call(page, 'backend');
  assert.equal(backend.kind, 'cpu');
  assert.ok(backend.reason.length > 0, 'the page says why it runs on this engine');
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('a menu is empty until it is opened', TIMEOUT, async () => {
  const { page } = await openReady(browser, site.url);
  const inMenus = () => page.evaluate(() => document.querySelectorAll('[popover] *').length);
  assert.equal(await inMenus(), 0);
  await page.getByTestId('preset-menu-button').click();
  await page.getByTestId('preset-f').waitFor();
  const filled = await inMenus();
  await page.keyboard.press('Escape');
  await page.getByTestId('preset-menu-button').click();
  await page.getByTestId('preset-f').click();
  assert.equal(await inMenus(), filled, 'it is filled once');
  await page.context().close();
});

test('thirty steps on generated digits lower the loss', TIMEOUT, async () => {
  const { page, complaints } = await openReady(browser, site.url);
  await call(page, 'reset', { seed: 0 });
  const first = await call(page, 'train', { steps: 1 });
  assert.equal(first.step, 1);
  const last = await call(page, 'train', { steps: 29 });
  assert.equal(last.step, 30);
  assert.ok(Number.isFinite(last.last.loss));
  assert.ok(last.last.loss < 0.9 * first.last.loss, `${first.last.loss} became ${last.last.loss}`);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('the same seed gives the same losses, bit for bit', TIMEOUT, async () => {
  const { page } = await openReady(browser, site.url);
  const losses = async () => {
    await call(page, 'reset', { seed: 7 });
    const run = [];
    for (let step = 0; step < 5; step += 1) {
      run.push((await call(page, 'train', { steps: 1 })).last.loss);
    }
    return run;
  };
  assert.deepEqual(await losses(), await losses());
  await page.context().close();
});

test('one step is one step, and pausing ends a run', TIMEOUT, async () => {
  const { page } = await openReady(browser, site.url);
  await call(page, 'reset', { seed: 0 });
  await call(page, 'step');
  const paused = await page.evaluate(async () => {
    const run = window.receptive.train({ steps: 1_000_000 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await window.receptive.pause();
    return run;
  });
  assert.ok(paused.step > 1 && paused.step < 1_000_000, `the run ended at step ${paused.step}`);
  const next = await call(page, 'train', { steps: 1 });
  assert.equal(next.step, paused.step + 1);
  await page.context().close();
});

test('weights that are put back give the same predictions', TIMEOUT, async () => {
  const { page } = await openReady(browser, site.url);
  await call(page, 'reset', { seed: 0 });
  await call(page, 'train', { steps: 5 });
  const [before, between, after] = await page.evaluate(async () => {
    const { receptive } = window;
    const image = Float32Array.from({ length: 784 }, (_, idx) => (idx % 28 > 12 && idx % 28 < 16 ? 1 : 0));
    const probabilities = async () => Array.from((await receptive.predict(image)).probabilities);
    const before = await probabilities();
    const weights = await receptive.weights();
    await receptive.train({ steps: 20 });
    const between = await probabilities();
    await receptive.setWeights(weights);
    return [before, between, await probabilities()];
  });
  assert.equal(before.length, 10);
  assert.ok(Math.abs(before.reduce((sum, probability) => sum + probability) - 1) < 1e-4);
  assert.notDeepEqual(between, before, 'training changes the predictions');
  assert.deepEqual(after, before);
  await page.context().close();
});

test('a bad argument is refused by a message that names it', TIMEOUT, async () => {
  const { page, complaints } = await openReady(browser, site.url);
  const refusals = await page.evaluate(async () => {
    const { receptive } = window;
    const calls = {
      setBackend: () => receptive.setBackend('tpu'),
      setModel: () => receptive.setModel('no-such-preset'),
      'setModel, a layer': () => receptive.setModel({ version: 1, input: [1, 28, 28], layers: [{ type: 'Conv9d' }] }),
      loadData: () => receptive.loadData('imagenet'),
      'train, steps': () => receptive.train({ steps: -1 }),
      'train, epochs': () => receptive.train({ epochs: 'two' }),
      reset: () => receptive.reset({ seed: 'green' }),
      'train, neither': () => receptive.train({ step: 3 }),
      evaluate: () => receptive.evaluate('exam'),
      predict: () => receptive.predict(new Float32Array(3)),
      activations: () => receptive.activations(99),
      setWeights: () => receptive.setWeights(new Uint8Array([1, 2, 3])),
      on: () => receptive.on('no-such-event', () => {}),
    };
    const messages = {};
    for (const [name, refused] of Object.entries(calls)) {
      messages[name] = await (async () => refused())().then(
        () => undefined,
        (error) => String(error?.message ?? error),
      );
    }
    return messages;
  });
  const named = {
    setBackend: /backend|tpu/i,
    setModel: /model|preset/i,
    'setModel, a layer': /Conv9d|type/,
    loadData: /source|data|imagenet/i,
    'train, steps': /steps/,
    'train, epochs': /epochs/,
    'train, neither': /steps.*epochs/,
    reset: /seed/,
    evaluate: /split|exam/,
    predict: /784|image|pixels/i,
    activations: /layer/i,
    setWeights: /weights|bytes|safetensors/i,
    on: /event/i,
  };
  for (const [name, pattern] of Object.entries(named)) {
    assert.match(refusals[name] ?? '(accepted)', pattern, name);
  }
  assert.equal((await call(page, 'train', { steps: 1 })).step, 1, 'the page still trains');
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('the address chooses what the page opens with', TIMEOUT, async () => {
  const { page } = await openPage(browser, `${site.url}?model=LeNet5&backend=cpu`);
  await ready(page);
  await page.waitForFunction(() => window.receptive.backend()?.reason.includes('asked for'));
  await page.waitForFunction(() => window.receptive.model().layers.length === 12);
  await page.goto(`${site.url}?model=nonsense`);
  await page.getByTestId('notice').getByText('nonsense').waitFor();
  await page.context().close();
});

test('pictures are drawn in the theme\'s colours, in the minified page too', TIMEOUT, async () => {
  const { page } = await openReady(browser, site.url, { context: { colorScheme: 'light' } });
  const corner = () => page.evaluate(() => {
    const canvas = document.querySelector('.column canvas');
    return [...canvas.getContext('2d').getImageData(0, 0, 1, 1).data];
  });
  // The picture that goes in: its corner holds no ink, and is the surface's white.
  assert.deepEqual(await corner(), [255, 255, 255, 255]);
  await page.context().close();
});

test('a script can wait for the page before anything of it has loaded', TIMEOUT, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(site.url, { waitUntil: 'commit' });
  await page.waitForFunction(() => window.receptive);
  await page.evaluate(() => window.receptive.ready);
  assert.equal(await page.evaluate(() => window.receptive.model().layers.length), 8);
  await context.close();
});

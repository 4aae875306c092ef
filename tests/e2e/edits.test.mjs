// Twenty seconds of somebody who clicks on everything while the network trains.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { call, launch, openReady } from './browser.mjs';
import { serveSite } from './site.mjs';

const EDIT_MILLIS = 20_000;

test('random edits while training leave no error behind, and a page that answers', { timeout: 180_000 }, async () => {
  const seed = Number(process.env.EDIT_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`edits of seed ${seed}; EDIT_SEED=${seed} repeats them`);
  const random = randomNumbers(seed);
  const site = await serveSite();
  const browser = await launch({ webgpu: true });
  try {
    const { page, complaints } = await openReady(browser, site.url);
    await page.evaluate(() => {
      window.receptive.train({ steps: 1_000_000 }).catch(() => {});
    });

    const counts = { accepted: 0, refused: 0, clicked: 0 };
    const end = Date.now() + EDIT_MILLIS;
    while (Date.now() < end) {
      if (random() < 0.3) {
        const refusal = await call(page, 'setModel', randomModel(random)).then(() => undefined, (error) => error.message);
        counts[refusal === undefined ? 'accepted' : 'refused'] += 1;
        assert.notEqual(refusal, '', 'a refusal says why');
      } else {
        counts.clicked += await page.evaluate(actSomewhere, [random(), random()]);
      }
      // Pauses of all lengths, so that edits meet every phase of the training.
      await page.waitForTimeout(100 * random() ** 2);
      assert.deepEqual(complaints, [], `after ${JSON.stringify(counts)}`);
    }
    console.log(`models accepted: ${counts.accepted}, refused: ${counts.refused}; controls used: ${counts.clicked}`);
    assert.ok(counts.accepted > 5 && counts.clicked > 20, 'the edits reached the page');

    await call(page, 'pause');
    await call(page, 'setModel', 's');
    await call(page, 'reset', { seed: 0 });
    const { step, last } = await call(page, 'train', { steps: 3 });
    assert.equal(step, 3);
    assert.ok(Number.isFinite(last.loss));
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
    await site.close();
  }
});

/** Runs in the page: uses a control of the network or of its inspector; how many it used. */
function actSomewhere([which, how]) {
  const areas = document.querySelectorAll('[data-testid="columns"], [data-testid^="inspector-"]');
  const selector = 'button, select, input:not([type="file"])';
  const controls = [...areas]
    .flatMap((area) => [...area.querySelectorAll(selector)])
    .filter((control) => !control.disabled && control.checkVisibility());
  const control = controls[Math.floor(which * controls.length)];
  if (control === undefined) {
    return 0;
  }
  if (control instanceof HTMLSelectElement) {
    control.selectedIndex = Math.floor(how * control.options.length);
  } else if (control.type === 'number' || control.type === 'range') {
    control.value = String(Math.floor(how * 12) - 1);
  } else {
    control.click();
    return 1;
  }
  control.dispatchEvent(new Event('input', { bubbles: true }));
  control.dispatchEvent(new Event('change', { bubbles: true }));
  return 1;
}

/** A small network whose layers may or may not fit together. */
function randomModel(random) {
  const pick = (...choices) => choices[Math.floor(random() * choices.length)];
  const layer = {
    Conv2d: () => ({
      type: 'Conv2d',
      out_channels: pick(1, 3, 4, 8),
      kernel_size: pick(1, 2, 3, 5, [3, 1]),
      stride: pick(1, 1, 2),
      padding: pick(0, 1, 2),
      dilation: pick(1, 1, 2),
    }),
    MaxPool2d: () => ({ type: 'MaxPool2d', kernel_size: pick(2, 3) }),
    AvgPool2d: () => ({ type: 'AvgPool2d', kernel_size: pick(2, 3) }),
    ReLU: () => ({ type: 'ReLU' }),
    Tanh: () => ({ type: 'Tanh' }),
    Sigmoid: () => ({ type: 'Sigmoid' }),
  };
  const layers = Array.from({ length: Math.floor(random() * 6) }, () => layer[pick(...Object.keys(layer))]());
  if (random() < 0.9) {
    layers.push({ type: 'Flatten' });
  }
  layers.push({ type: 'Linear', out_features: random() < 0.9 ? 10 : 7 });
  return { version: 1, input: [1, 28, 28], layers };
}

/** Random numbers from 0 to 1 that a seed repeats (mulberry32). */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

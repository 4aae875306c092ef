// Files of one's own as a data set, and what scripts hear of it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { idxFiles, pictures } from '../bench/pictures.mjs';
import { call, launch, openReady } from './browser.mjs';
import { serveSite } from './site.mjs';

const TIMEOUT = { timeout: 180_000 };
const NAMES = ['train-images', 'train-labels', 't10k-images', 't10k-labels'];
const CONTENTS = [...idxFiles(pictures(300)), ...idxFiles(pictures(100, 2))];

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

/** Loads files by the page's own interface: what it says of them, or why it refuses. */
async function load(page, files) {
  const texts = files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64') }));
  return page.evaluate(async (texts) => {
    const files = texts.map(({ name, base64 }) => new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
    let said;
    const end = window.receptive.on('data', (data) => (said = data));
    try {
      await window.receptive.loadData(files);
      return { said };
    } catch (error) {
      return { said, refusal: error.message };
    } finally {
      end();
    }
  }, texts);
}

test('four files are a data set, gzipped or not, in any order', TIMEOUT, async () => {
  const { page, complaints } = await openReady(browser, site.url);
  const files = NAMES.map((name, idx) =>
    idx % 2 === 0 ? { name: `${name}.gz`, bytes: gzipSync(CONTENTS[idx]) } : { name, bytes: CONTENTS[idx] },
  );
  const { said, refusal } = await load(page, files.reverse());
  assert.equal(refusal, undefined);
  assert.deepEqual([said.n_train + said.n_validation, said.n_test, said.verified_mnist], [300, 100, false]);
  const trained = await call(page, 'train', { steps: 60 });
  assert.ok(trained.last.loss < 1, `the loss is ${trained.last.loss}: the pictures belong to their labels`);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('a damaged or enormous file is refused by name, and the digits in use stay', TIMEOUT, async () => {
  const { page, complaints } = await openReady(browser, site.url);
  const whole = gzipSync(CONTENTS[0]);
  const otherSum = Uint8Array.from(whole);
  otherSum[whole.length - 8] ^= 1;
  const refusals = {
    'cut.gz': [whole.subarray(0, whole.length / 2), /cut\.gz starts like a gzip file but cannot be decompressed \(.+\)/],
    'sum.gz': [otherSum, /sum\.gz starts like a gzip file but cannot be decompressed \(.+\)/],
    'zeros.gz': [gzipSync(new Uint8Array(2 ** 28 + 1), { level: 1 }), /zeros\.gz decompresses to more than 268435456 bytes/],
  };
  for (const [name, [bytes, message]] of Object.entries(refusals)) {
    const files = [{ name, bytes }, ...NAMES.slice(1).map((name, idx) => ({ name, bytes: CONTENTS[idx + 1] }))];
    const { said, refusal } = await load(page, files);
    assert.match(String(refusal), message);
    assert.equal(said, undefined, 'nothing was replaced');
  }
  await call(page, 'step');
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('what happens reaches scripts as plain objects, numbers as they were written, and NaN', TIMEOUT, async () => {
  const { page } = await openReady(browser, site.url);
  const heard = await page.evaluate(async () => {
    const { receptive } = window;
    const heard = {};
    for (const name of ['restarted', 'inspection', 'diverged']) {
      receptive.on(name, (event) => (heard[name] = event));
    }
    await receptive.setOptions({ optimiser: { type: 'SGD', momentum: 0.9 }, learning_rate: 3e38 });
    await receptive.setModel({ version: 1, input: [1, 28, 28], layers: [{ type: 'Flatten' }, { type: 'Linear', out_features: 10 }] });
    const { model, options } = heard.restarted;
    await receptive.train({ steps: 200 }).catch(() => undefined);
    for (let n = 0; n < 100 && !(heard.diverged && heard.inspection); n += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { arrays, sample, layers } = heard.inspection;
    return {
      model, options, sample, diverged: heard.diverged,
      lengths: arrays.slice(0, 3).map((array) => array.length), shapes: layers.map((layer) => layer.shape),
    };
  });
  assert.deepEqual(heard.model.layers.map((layer) => layer.type), ['Flatten', 'Linear']);
  assert.deepEqual([heard.options.learning_rate, heard.options.optimiser.momentum], [3e38, 0.9]);
  assert.equal(heard.sample.type, 'Stored');
  assert.deepEqual([heard.lengths, heard.shapes], [[784, 784, 10], [[784], [10]]]);
  assert.match(heard.diverged.value, /NaN|infinity/);
  await page.context().close();
});

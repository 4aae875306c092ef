// Files for other programs, from the menu and from scripts.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { call, launch, openReady } from './browser.mjs';
import { serveSite } from './site.mjs';

const TIMEOUT = { timeout: 180_000 };

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

/** Clicks an item of the file menu, and reads the file that the browser keeps. */
async function download(page, item) {
  await page.getByTestId('file-menu-button').click();
  const [kept] = await Promise.all([page.waitForEvent('download'), page.getByTestId(item).click()]);
  return { name: kept.suggestedFilename(), bytes: await readFile(await kept.path()) };
}

test('the menu gives a PyTorch script, its weights and an ONNX file while the network trains', TIMEOUT, async () => {
  const { page, complaints } = await openReady(browser, site.url);
  await call(page, 'setModel', 'lenet5');
  await call(page, 'setOptions', { learning_rate: 0.125, batch_size: 32 });
  await page.evaluate(() => {
    window.receptive.train({ steps: 1_000_000 }).catch(() => {});
  });
  const script = await download(page, 'export-pytorch');
  const weights = await download(page, 'save-weights');
  const onnx = await download(page, 'export-onnx');
  assert.deepEqual(
    [script.name, weights.name, onnx.name],
    ['receptive_lenet5.py', 'receptive_lenet5.safetensors', 'receptive_lenet5.onnx'],
  );
  const text = script.bytes.toString('utf8');
  for (const line of ['with_name("receptive_lenet5.safetensors")', 'BATCH_SIZE = 32 ', 'lr=0.125', 'nn.Linear(120, 84)']) {
    assert.ok(text.includes(line), `${line} is not in the script`);
  }
  // 61,706 numbers of four bytes, and names besides.
  assert.ok(onnx.bytes.length > 61_706 * 4 && onnx.bytes.includes('logits') && onnx.bytes.includes('LogSoftmax') === false);
  assert.ok(weights.bytes.includes('0.weight'));
  await call(page, 'pause');
  assert.ok((await call(page, 'train', { steps: 1 })).step > 1, 'training went on');
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('scripts export too, and are told what cannot be exported', TIMEOUT, async () => {
  const { page, complaints } = await openReady(browser, site.url);
  const { weightsAreInside, fileName, refusal } = await page.evaluate(async () => {
    const { receptive } = window;
    const { fileName, bytes } = await receptive.export('onnx');
    const weights = await receptive.weights();
    const headerLength = Number(new DataView(weights.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(weights.subarray(8, 8 + headerLength)));
    const [from, to] = header['3.weight'].data_offsets.map((offset) => 8 + headerLength + offset);
    const text = (part) => Array.from(part, (byte) => String.fromCharCode(byte)).join('');
    const weightsAreInside = text(bytes).includes(text(weights.subarray(from, to)));
    const refusal = await receptive.export('keras').then(() => '(accepted)', (error) => error.message);
    return { weightsAreInside, fileName, refusal };
  });
  assert.equal(fileName, 'receptive_s.onnx');
  assert.ok(weightsAreInside, 'the ONNX file holds the weights bit for bit');
  assert.match(refusal, /format.*pytorch.*onnx/);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

// What the benchmark in tests/bench counts and prints; the measuring itself is `cargo xtask bench`.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { idxFiles, pictures } from '../bench/pictures.mjs';
import { markdown } from '../bench/report.mjs';

test('the benchmark\'s pictures are the same every time, and IDX files', () => {
  const made = pictures(20);
  assert.deepEqual(made, pictures(20));
  assert.notDeepEqual(made.pixels, pictures(20, 2).pixels);
  assert.ok(made.labels.every((label) => label < 10) && new Set(made.labels).size > 3);
  const [images, labels] = idxFiles(made);
  assert.deepEqual([...images.subarray(0, 16)], [0, 0, 8, 3, 0, 0, 0, 20, 0, 0, 0, 28, 0, 0, 0, 28]);
  assert.equal(images.length, 16 + 20 * 784);
  assert.deepEqual([...labels.subarray(0, 8)], [0, 0, 8, 1, 0, 0, 0, 20]);
  assert.equal(labels.length, 8 + 20);
});

test('the tables give medians, ratios and what could not be measured', () => {
  const cell = (row, network, median_millis, error) => ({ row, network, batch: 64, median_millis, error });
  const text = markdown({
    date: '2000-01-01',
    processor: 'a processor',
    browser: 'a browser',
    quick: false,
    missing: ['Something is missing.'],
    cells: [
      cell('Receptive, WebAssembly', 's', 2.5),
      cell('Other', 's', 123.4),
      cell('Receptive, WebAssembly', 'l', 20),
      cell('Other', 'l', null, 'more than 90 s'),
    ],
  });
  for (const line of [
    '| | S/64 | L/64 |',
    '| Receptive, WebAssembly | 2.50 | 20.0 |',
    '| Other | 123 | more than 90 s |',
    '| Other | 49.4× | – |',
    'Something is missing.',
  ]) {
    assert.ok(text.includes(line), `${line} is not in\n${text}`);
  }
  assert.ok(!text.includes('quick'));
});

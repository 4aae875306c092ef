// Measures training steps of the built page and of other libraries in one headless browser, in turn and repeatedly.
// `cargo xtask bench` starts it; `node bench.mjs --help` lists its options.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { chromium } from 'playwright-core';

import { makeArtifacts, openPeer } from './peer_page.mjs';
import { hasPackages, openPyTorch } from './python.mjs';
import { openReceptive } from './receptive_page.mjs';
import { markdown } from './report.mjs';
import { serve } from './server.mjs';

const USAGE = `usage: node bench.mjs [--only ROW,...] [--networks s,f,l] [--batches 64,512] [--quick]
       [--limit SECONDS] [--hardware] [--native FILE]
       [--python PROGRAM] [--out FOLDER]`;

const openOnnx = openPeer('onnx', makeArtifacts);
const onnxNeeds = ['onnxruntime', 'onnx', 'torch'];

/** The rows: who trains, on what, and the Python packages that it takes, if any. */
const ROWS = {
  'receptive-cpu': { name: 'Receptive, WebAssembly', open: openReceptive, backend: 'cpu', workers: 1 },
  'receptive-cpu-2': { name: 'Receptive, WebAssembly, 2 workers', open: openReceptive, backend: 'cpu', workers: 2 },
  'receptive-webgpu': { name: 'Receptive, WebGPU', open: openReceptive, backend: 'gpu' },
  onnx: { name: 'ONNX Runtime, WebAssembly', open: openOnnx, backend: 'wasm', needs: onnxNeeds },
  'onnx-threads': { name: 'ONNX Runtime, WebAssembly, threads', open: openOnnx, backend: 'threads', needs: onnxNeeds },
  'tfjs-cpu': { name: 'TensorFlow.js, cpu', open: openPeer('tensorflow'), backend: 'cpu' },
  'tfjs-webgl': { name: 'TensorFlow.js, WebGL', open: openPeer('tensorflow'), backend: 'webgl' },
  'tfjs-webgpu': { name: 'TensorFlow.js, WebGPU', open: openPeer('tensorflow'), backend: 'webgpu' },
  'jax-wasm': { name: 'jax-js, WebAssembly', open: openPeer('jax'), backend: 'wasm' },
  'jax-webgpu': { name: 'jax-js, WebGPU', open: openPeer('jax'), backend: 'webgpu' },
  convnetjs: { name: 'ConvNetJS', open: openPeer('convnet'), backend: 'cpu' },
  pytorch: { name: 'PyTorch, native, 1 thread', open: openPyTorch, threads: 1, needs: ['torch'] },
  'pytorch-2': { name: 'PyTorch, native, 2 threads', open: openPyTorch, threads: 2, needs: ['torch'] },
};

const OPTIMISERS = {
  s: { type: 'SGD', learning_rate: 0.01 },
  f: { type: 'Adam', learning_rate: 0.001 },
  l: { type: 'Adam', learning_rate: 0.001 },
};

const SOFTWARE_FLAGS = ['--use-webgpu-adapter=swiftshader', '--enable-unsafe-swiftshader'];
const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
  // Pages are measured in turn, and none may be slowed down for lying behind another.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

const options = readOptions();
const missing = await leaveOut();
const server = await serve();
/** A browser for one row: with it ends whatever a row that took too long is still computing. */
const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    headless: true,
    args: [...FLAGS, ...(options.hardware ? [] : SOFTWARE_FLAGS)],
  });
const first = await launch();
const result = {
  date: new Date().toISOString().slice(0, 10),
  processor: `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} threads`,
  browser: `Chromium ${first.version()}${options.hardware ? '' : ', WebGPU and WebGL in software'}`,
  quick: options.quick,
  missing,
  cells: [],
};
await first.close();
try {
  for (const network of options.networks) {
    for (const batch of options.batches) {
      result.cells.push(...(await measure(network, batch)));
    }
  }
} finally {
  await server.close();
}
if (options.native) {
  result.cells.unshift(...JSON.parse(await readFile(options.native, 'utf8')));
}
const text = markdown(result);
console.log(`\n${text}`);
await mkdir(options.out, { recursive: true });
await writeFile(join(options.out, 'bench.json'), `${JSON.stringify(result, undefined, 1)}\n`);
await writeFile(join(options.out, 'bench.md'), text);
console.log(`written to ${join(options.out, 'bench.json')} and bench.md`);

/** One network and batch size: every row's page is opened, then all are measured in turn, several times. */
async function measure(network, batch) {
  const { rounds, steps, millis } = options.quick
    ? { rounds: 2, steps: 5, millis: 500 }
    : { rounds: 7, steps: 30, millis: 3000 };
  const cells = [];
  for (const row of options.rows) {
    const cell = { row: ROWS[row].name, network, batch, step_millis: [], engine_millis: [] };
    cells.push(cell);
    cell.browser = await launch();
    await attempt(cell, options.limitMillis, async () => {
      const { open, backend, workers, threads } = ROWS[row];
      const optimiser = OPTIMISERS[network];
      const { python } = options;
      cell.opened = await open(cell.browser, server, { network, batch, backend, workers, threads, optimiser, python });
      cell.first_step_millis = cell.opened.firstStepMillis;
      await cell.opened.run(steps, millis); // warms up
    });
    console.log(`${network.toUpperCase()}/${batch} ${cell.row}: ${cell.error ?? `first step ${cell.first_step_millis.toFixed(0)} ms`}`);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const cell of cells.filter(({ error }) => error === undefined)) {
      await attempt(cell, options.limitMillis, async () => {
        const { millis: taken, engineMillis, loss } = await cell.opened.run(steps, millis);
        cell.step_millis.push(...taken);
        cell.engine_millis.push(...(engineMillis ?? []));
        cell.loss = loss;
        if (!Number.isFinite(loss)) {
          throw new Error(`the loss is ${loss}`);
        }
      });
    }
  }
  for (const cell of cells) {
    await cell.browser.close();
    delete cell.opened;
    delete cell.browser;
    const { row, error, step_millis: each } = cell;
    console.log(`${network.toUpperCase()}/${batch} ${row}: ${error ?? `${median(each).toFixed(2)} ms a step, loss ${cell.loss.toFixed(3)}`}`);
    cell.median_millis = error === undefined ? median(each) : null;
    cell.median_engine_millis = cell.engine_millis.length > 0 ? median(cell.engine_millis) : null;
    cell.n_measured = each.length;
    cell.range_millis = each.length > 0 ? [Math.min(...each), Math.max(...each)] : null;
    delete cell.step_millis;
    delete cell.engine_millis;
  }
  return cells;
}

/** What takes too long or fails becomes the cell's error and ends its browser, and the others go on. */
async function attempt(cell, mostMillis, act) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`more than ${mostMillis / 1000} s`)), mostMillis);
  });
  try {
    await Promise.race([act(), late]);
  } catch (error) {
    cell.error = String(error.message).split('\n')[0];
    await cell.browser.close();
  } finally {
    clearTimeout(timer);
  }
}

/** Takes the rows that need Python packages which are not there out of what is measured, and says so. */
async function leaveOut() {
  const missing = [];
  for (const row of [...options.rows]) {
    const { name, needs } = ROWS[row];
    if (needs === undefined || (options.python && (await hasPackages(options.python, ...needs)))) {
      continue;
    }
    options.rows.splice(options.rows.indexOf(row), 1);
    const lacking = options.python ? `${options.python} has not all of` : '`--python` names no Python with';
    missing.push(`${name} was not measured: ${lacking} ${needs.join(', ')}.`);
  }
  missing.forEach((line) => console.log(line));
  if (options.rows.length === 0) {
    console.error('there is no row left to measure');
    process.exit(2);
  }
  return missing;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function readOptions() {
  const refuse = (text) => {
    console.error(`${text}\n${USAGE}`);
    process.exit(2);
  };
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        only: { type: 'string', default: Object.keys(ROWS).join(',') },
        networks: { type: 'string', default: 's,f,l' },
        batches: { type: 'string', default: '64,512' },
        quick: { type: 'boolean', default: false },
        limit: { type: 'string', default: '90' },
        hardware: { type: 'boolean', default: false },
        native: { type: 'string' },
        python: { type: 'string' },
        out: { type: 'string', default: 'out' },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    refuse(error.message);
  }
  if (values.help) {
    console.log(`${USAGE}\nrows: ${Object.keys(ROWS).join(', ')}`);
    process.exit(0);
  }
  const rows = values.only.split(',');
  const unknown = rows.filter((row) => !Object.hasOwn(ROWS, row));
  const networks = values.networks.split(',');
  const batches = values.batches.split(',').map(Number);
  if (unknown.length > 0) {
    refuse(`there is no row ${unknown.join(', ')}; there are ${Object.keys(ROWS).join(', ')}`);
  }
  if (!networks.every((network) => Object.hasOwn(OPTIMISERS, network))) {
    refuse(`--networks is ${values.networks}, but there are s, f and l`);
  }
  if (!batches.every((batch) => Number.isInteger(batch) && batch >= 1 && batch <= 4096)) {
    refuse(`--batches is ${values.batches}, but each has to be between 1 and 4096`);
  }
  if (!(Number(values.limit) > 0)) {
    refuse(`--limit is ${values.limit}, but has to be a number of seconds`);
  }
  return { ...values, rows, networks, batches, limitMillis: 1000 * Number(values.limit) };
}

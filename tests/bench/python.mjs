// Python beside the browser: PyTorch natively, and what makes ONNX Runtime's artifacts.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { models } from './models.mjs';
import { N_BATCHES, pictures } from './pictures.mjs';

const script = (name) => fileURLToPath(new URL(`python/${name}`, import.meta.url));

/** Whether a Python has these packages. */
export async function hasPackages(python, ...names) {
  const found = `import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))`;
  const child = spawn(python, ['-c', found, ...names], { stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  return code === 0;
}

/** Runs a script that writes into a folder, its first argument, and reads `input` as JSON. */
export async function runPython(python, name, [folder], input) {
  await mkdir(folder, { recursive: true });
  const child = spawn(python, [script(name), folder], { stdio: ['pipe', 'ignore', 'pipe'] });
  const said = [];
  child.stderr.on('data', (text) => said.push(text));
  child.stdin.end(JSON.stringify(input));
  const [code] = await once(child, 'close');
  if (code !== 0) {
    throw new Error(`${name} failed: ${said.join('').trimEnd().split('\n').at(-1)}`);
  }
}

/** A row of PyTorch's own, in a process of its own. */
export async function openPyTorch(browser, { url }, { network, batch, threads, optimiser, python }) {
  const model = (await models(browser, url))[network];
  const { pixels, labels } = pictures(N_BATCHES * batch);
  const child = spawn(python, [script('pytorch.py')], { stdio: ['pipe', 'pipe', 'pipe'] });
  const said = [];
  child.stderr.on('data', (text) => said.push(text));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (question) => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await lines.next();
    if (done) {
      throw new Error(`pytorch.py ended: ${said.join('').trimEnd().split('\n').at(-1)}`);
    }
    return JSON.parse(value);
  };
  const base64 = (bytes) => Buffer.from(bytes).toString('base64');
  browser.once('disconnected', () => child.kill());
  const task = { model, optimiser, batch, threads, pixels: base64(pixels), labels: base64(labels) };
  const { millis: firstStepMillis } = await ask(task);
  return { firstStepMillis, run: (steps, millis) => ask({ steps, millis }) };
}

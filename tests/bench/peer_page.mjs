// Another library in a page of its own.

import { join } from 'node:path';

import { models } from './models.mjs';
import { runPython } from './python.mjs';

/** How a row of this library is opened. */
export function openPeer(library, prepare = () => ({})) {
  return async (browser, server, { network, batch, backend, optimiser, python }) => {
    const model = (await models(browser, server.url))[network];
    const task = { model, batch, backend, optimiser, ...(await prepare(server, { model, network, python })) };
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${server.url}peer.html${backend === 'threads' ? '?isolated' : ''}`);
    await page.waitForFunction(() => window.peer !== undefined);
    const firstStepMillis = await page.evaluate(([library, task]) => window.peer.start(library, task), [library, task]);
    const run = async (steps, millis) => {
      await page.bringToFront();
      return page.evaluate(([steps, millis]) => window.peer.run(steps, millis), [steps, millis]);
    };
    return { firstStepMillis, run };
  };
}

/** Makes the graphs that ONNX Runtime trains from. */
export async function makeArtifacts(server, { model, network, python }) {
  await runPython(python, 'onnx_artifacts.py', [join(server.artifacts, network)], model);
  return { artifacts: `${server.url}artifacts/${network}/` };
}

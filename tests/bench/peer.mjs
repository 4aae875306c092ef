// Runs in the page: one library, one network, one batch size.
//
// A library's module has `start(task)`, which gives `step(batchIdx)`: one training step, and the promise of its loss.

import { N_BATCHES, pictures } from './pictures.mjs';

/** @typedef {{model: object, optimiser: {type: string, learning_rate: number}, backend: string, batch: number}} Task */

let step;
let nextIdx = 0;

window.peer = {
  /** Makes the network and does the first step; its time in milliseconds. */
  async start(library, task) {
    const started = performance.now();
    const { start } = await import(`./peers/${library}.mjs`);
    const { pixels, labels } = pictures(N_BATCHES * task.batch);
    const batches = Array.from({ length: N_BATCHES }, (_, idx) => ({
      pixels: Float32Array.from(pixels.subarray(idx * task.batch * 784, (idx + 1) * task.batch * 784), (byte) => byte / 255),
      labels: labels.slice(idx * task.batch, (idx + 1) * task.batch),
    }));
    step = await start({ ...task, batches });
    await step(0);
    return performance.now() - started;
  },

  /** Steps until there are enough or the time is up; each one's milliseconds, and the last loss. */
  async run(mostSteps, mostMillis) {
    const millis = [];
    let loss;
    const end = performance.now() + mostMillis;
    while (millis.length < mostSteps && performance.now() < end) {
      const started = performance.now();
      loss = await step(nextIdx % N_BATCHES);
      millis.push(performance.now() - started);
      nextIdx += 1;
    }
    return { millis, loss };
  },
};

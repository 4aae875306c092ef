// The built page, driven through its own interface. It draws, shows and measures what it always does meanwhile.

/** About half as many as MNIST has, so that an epoch ends, and the validation set is measured, about as often. */
const N_PICTURES = 30_720;

/** Steps of one run for every step of another library that is timed by itself: a run's end shows what a user sees. */
const STEPS_OF_RUN = 10;

export async function openReceptive(browser, { url }, { network, batch, backend, workers = 1, optimiser }) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${url}site/index.html?backend=cpu&workers=1`);
  await page.waitForFunction(() => window.receptive !== undefined);
  const firstStepMillis = await page.evaluate(start, { network, batch, backend, workers, optimiser, n: N_PICTURES });
  const measure = async (steps, millis) => {
    await page.bringToFront();
    return page.evaluate(run, [STEPS_OF_RUN * steps, millis]);
  };
  return { firstStepMillis, run: measure };
}

/** Runs in the page: everything up to the first step; how long that took from the network on. */
async function start({ network, batch, backend, workers, optimiser, n }) {
  const { receptive } = window;
  await receptive.ready;
  const { pictures, idxFiles } = await import('/pictures.mjs');
  const name = (part, kind) => `${part}-${kind}-ubyte`;
  const files = ['train', 't10k'].flatMap((part) => {
    const [images, labels] = idxFiles(pictures(part === 'train' ? n : 100));
    return [new File([images], name(part, 'images-idx3')), new File([labels], name(part, 'labels-idx1'))];
  });
  await receptive.loadData(files);
  const started = performance.now();
  await receptive.setBackend(backend);
  await receptive.setWorkers(workers);
  if (receptive.backend().kind !== backend) {
    throw new Error(`the page runs on ${receptive.backend().kind}: ${receptive.backend().reason}`);
  }
  await receptive.setModel(network);
  const { type, learning_rate } = optimiser;
  await receptive.setOptions({ optimiser: { type }, learning_rate, batch_size: batch });
  await receptive.train({ steps: 1 });
  window.engineMillis = [];
  receptive.on('status', ({ step_millis }) => {
    if (step_millis !== null) {
      window.engineMillis.push(step_millis);
    }
  });
  return performance.now() - started;
}

/**
 * Runs in the page: three runs of steps, or as many as the time allows, for the page trains in runs. A run's mean counts as
 * one measurement of a step.
 */
async function run([mostSteps, mostMillis]) {
  const { receptive } = window;
  const millis = [];
  window.engineMillis = [];
  let loss;
  const end = performance.now() + mostMillis;
  while (millis.length < 3 && performance.now() < end) {
    const fitting = Math.floor(mostMillis / 3 / (window.stepMillis ?? mostMillis));
    const steps = Math.max(1, Math.min(mostSteps, fitting));
    const started = performance.now();
    ({ last: { loss } } = await receptive.train({ steps }));
    window.stepMillis = (performance.now() - started) / steps;
    millis.push(window.stepMillis);
  }
  return { millis, engineMillis: window.engineMillis, loss };
}

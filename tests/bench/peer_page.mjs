// Another library in a page of its own.

import { models } from './models.mjs';

/** How a row of this library is opened. */
export function openPeer(library) {
  return async (browser, url, { network, batch, backend, optimiser }) => {
    const model = (await models(browser, url))[network];
    const context = await browser.newContext();
    const page = await context.newPage();
    try {
      await page.goto(`${url}peer.html`);
      await page.waitForFunction(() => window.peer !== undefined);
      const task = { model, batch, backend, optimiser };
      const firstStepMillis = await page.evaluate(([library, task]) => window.peer.start(library, task), [library, task]);
      const run = (steps, millis) => page.evaluate(([steps, millis]) => window.peer.run(steps, millis), [steps, millis]);
      return { page, firstStepMillis, run };
    } catch (error) {
      await context.close();
      throw error;
    }
  };
}

// The networks, as the built page describes them: one description for everybody.

let known;

/** @returns {Promise<Record<string, object>>} the presets s, f and l */
export async function models(browser, url) {
  known ??= await read(browser, url);
  return known;
}

async function read(browser, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${url}site/index.html?backend=cpu`);
  await page.waitForFunction(() => window.receptive !== undefined);
  const found = await page.evaluate(async () => {
    await window.receptive.ready;
    const models = {};
    for (const preset of ['s', 'f', 'l']) {
      await window.receptive.setModel(preset);
      models[preset] = window.receptive.model();
    }
    return models;
  });
  await context.close();
  return found;
}

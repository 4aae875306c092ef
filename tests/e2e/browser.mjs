// Chromium, with or without WebGPU, and the page in it.

import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** WebGPU on machines without a GPU: a software adapter. */
const WEBGPU_FLAGS = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** How long the page may take to start, on a slow machine that does other work besides. */
const START_MILLIS = 60_000;

/**
 * Starts Chromium, the one that the environment variable CHROMIUM names or Debian's.
 * @param {{webgpu: boolean}} options
 */
export async function launch({ webgpu }) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    headless: true,
    args: [...FLAGS, ...(webgpu ? WEBGPU_FLAGS : [])],
  });
}

/**
 * Opens the page in a fresh context, and notes everything that it should not do.
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {{context?: object, before?: () => void}} [options] `before` runs in the page ahead of its own scripts
 */
export async function openPage(browser, url, { context: contextOptions, before } = {}) {
  const context = await browser.newContext(contextOptions);
  const page = await context.newPage();
  const complaints = [];
  const folder = new URL('.', url).href;
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.stack ?? error}`));
  page.on('crash', () => complaints.push('the page crashed'));
  page.on('console', (message) => {
    if (message.type() === 'error' && !isMissingData(message)) {
      complaints.push(`console: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('dialog', (dialog) => dialog.dismiss());
  page.on('request', (request) => {
    if (/^https?:/.test(request.url()) && !request.url().startsWith(folder)) {
      complaints.push(`asks another server for ${request.url()}`);
    }
  });
  if (before) {
    await page.addInitScript(before);
  }
  await page.goto(url);
  return { page, complaints };
}

/** Opens the page, waits until it is ready, and moves it to an engine, with as many workers as it is told. */
export async function openReady(browser, url, { backend = 'cpu', workers = 1, data = 'generated', ...options } = {}) {
  const opened = await openPage(browser, url, options);
  await ready(opened.page);
  await call(opened.page, 'setWorkers', workers);
  await call(opened.page, 'setBackend', backend);
  await call(opened.page, 'loadData', data);
  await call(opened.page, 'setModel', 's');
  return opened;
}

/** Waits until the page says that it is ready. */
export async function ready(page) {
  await page.waitForFunction(() => window.receptive !== undefined, undefined, { timeout: START_MILLIS });
  await page.evaluate((millis) => {
    const late = new Promise((_, reject) => {
      setTimeout(() => reject(new Error(`receptive.ready has not come in ${millis} ms`)), millis);
    });
    return Promise.race([window.receptive.ready, late]).then(() => undefined);
  }, START_MILLIS);
}

/**
 * Calls a function of the page's own interface, `window.receptive`.
 * @param {import('playwright-core').Page} page
 * @param {string} name
 * @param {...unknown} parameters only what JSON can hold
 */
export async function call(page, name, ...parameters) {
  return page.evaluate(([name, parameters]) => window.receptive[name](...parameters), [name, parameters]);
}

/** The page looks for data beside itself, and a browser reports every file that is not there as an error. */
function isMissingData(message) {
  return message.text().startsWith('Failed to load resource') && message.location().url.includes('/data/mnist/');
}

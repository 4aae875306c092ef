import { chromium } from 'playwright-core';
import { serve } from './server.mjs';
const server = await serve();
for (let i = 0; i < 3; i++) {
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: ['--no-sandbox','--disable-quic','--enable-unsafe-webgpu','--use-webgpu-adapter=swiftshader','--enable-unsafe-swiftshader'] });
const page = await browser.newPage();
await page.addInitScript(() => { window.T = {}; const W = Worker; window.Worker = class extends W { constructor(u, o) { super(u, o); if (!String(u).startsWith('data:')) { T.workerStart = performance.now(); this.addEventListener('message', () => { T.firstMsg ??= performance.now(); }); } } };
 new MutationObserver(() => { if (!document.getElementById('boot') && document.body && document.body.children.length) T.mounted ??= performance.now(); }).observe(document, { childList: true, subtree: true }); });
await page.goto(server.url + 'site/index.html?backend=' + (process.argv[2] ?? 'cpu'));
const r = await page.evaluate(async () => { await receptive.ready; T.ready = performance.now(); await receptive.train({ steps: 1 }); T.first = performance.now();
 for (const e of performance.getEntriesByType('resource')) if (e.name.includes('wasm')) T[e.name.split('/').pop().slice(0, 6)] = [e.startTime | 0, e.responseEnd | 0]; return T; });
console.log(JSON.stringify(r, (k, v) => typeof v === 'number' ? Math.round(v) : v));
await browser.close(); }
await server.close();

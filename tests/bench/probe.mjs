import { chromium } from 'playwright-core';
import { serve } from './server.mjs';
const server = await serve();
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: ['--no-sandbox','--disable-quic','--enable-unsafe-webgpu','--use-webgpu-adapter=swiftshader','--enable-unsafe-swiftshader'] });
const page = await browser.newPage();
const t0 = Date.now();
await page.goto(server.url + 'site/index.html?backend=' + (process.argv[2] ?? 'cpu'));
await page.waitForFunction(() => window.receptive !== undefined);
const r = await page.evaluate(async ([model, batch, ns]) => {
  const { receptive } = window; const out = {};
  await receptive.ready; out.ready = performance.now();
  await receptive.train({ steps: 1 }); out.first = performance.now();
  await receptive.setModel(model); await receptive.setOptions({ batch_size: batch });
  let eng = []; receptive.on('status', (s) => { if (s.step_millis !== null) eng.push(s.step_millis); });
  await receptive.train({ steps: 60 });
  for (const n of ns) {
    const ts = []; eng = [];
    for (let i = 0; i < 5; i++) { const a = performance.now(); await receptive.train({ steps: n }); ts.push((performance.now() - a)); }
    ts.sort((a, b) => a - b); eng.sort((a,b)=>a-b);
    out['n' + n] = { total: ts[2].toFixed(1), per: (ts[2] / n).toFixed(2), eng: eng[eng.length >> 1]?.toFixed(2) };
  }
  return out;
}, [process.argv[3] ?? 's', Number(process.argv[4] ?? 64), (process.argv[5] ?? '1,5,30,300').split(',').map(Number)]);
console.log(JSON.stringify(r));
await browser.close(); await server.close();

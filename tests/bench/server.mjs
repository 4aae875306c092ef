// A static file server for the benchmark: the built page below /site/, this folder with its libraries at the root.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const MEDIA_TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
};

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SITE = process.env.RECEPTIVE_DIST || fileURLToPath(new URL('../../dist', import.meta.url));

/** @returns {Promise<{url: string, close: () => Promise<void>}>} */
export async function serve() {
  await stat(join(SITE, 'index.html')).catch(() => {
    throw new Error(`${SITE} holds no index.html; build the page with \`cargo xtask dist\``);
  });
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => response.destroy(error));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

async function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  const path = normalize(decodeURIComponent(pathname));
  const file = path.startsWith('/site/') ? join(SITE, path.slice(6) || 'index.html') : join(HERE, path);
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) {
    response.writeHead(pathname === '/favicon.ico' ? 204 : 404).end();
    return;
  }
  const type = MEDIA_TYPES[extname(file)] ?? 'application/octet-stream';
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': found.size });
  createReadStream(file).pipe(response);
}

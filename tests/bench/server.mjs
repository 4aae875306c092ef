// A static file server for the benchmark: the built page below /site/, what was made for ONNX Runtime below /artifacts/, this
// folder with its libraries at the root.

import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
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

/** What lets a page have memory that threads share. A page asks for it by `?isolated`; its scripts have to have it too. */
const ISOLATION = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** @returns {Promise<{url: string, artifacts: string, close: () => Promise<void>}>} */
export async function serve() {
  await stat(join(SITE, 'index.html')).catch(() => {
    throw new Error(`${SITE} holds no index.html; build the page with \`cargo xtask dist\``);
  });
  const artifacts = await mkdtemp(join(tmpdir(), 'receptive-bench-'));
  const server = createServer((request, response) => {
    answer(request, response, artifacts).catch((error) => response.destroy(error));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    artifacts,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await rm(artifacts, { recursive: true });
    },
  };
}

async function answer(request, response, artifacts) {
  const { pathname, search } = new URL(request.url, 'http://localhost');
  const path = normalize(decodeURIComponent(pathname));
  const [, top, rest] = /^\/(site|artifacts)\/(.*)$/.exec(path) ?? [];
  const file = top === 'site' ? join(SITE, rest || 'index.html') : top ? join(artifacts, rest) : join(HERE, path);
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) {
    response.writeHead(pathname === '/favicon.ico' ? 204 : 404).end();
    return;
  }
  const type = MEDIA_TYPES[extname(file)] ?? 'application/octet-stream';
  const isIsolated = search === '?isolated' || path.startsWith('/node_modules/');
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': found.size, ...(isIsolated && ISOLATION) });
  createReadStream(file).pipe(response);
}

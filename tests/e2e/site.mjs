// A static file server for the built page: Node's own http module, one folder, nothing written.
//
// The page is served below `/some/folder/`, because it has to work from any folder of any server.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = '/some/folder/';

const MEDIA_TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.gz': 'application/gzip',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

/** The built page; RECEPTIVE_DIST names another folder than `dist/`. */
const site = process.env.RECEPTIVE_DIST || fileURLToPath(new URL('../../dist', import.meta.url));

/** The folder with MNIST's four files, or undefined; the page finds them under `data/mnist/`. */
export const mnist = process.env.RECEPTIVE_MNIST || undefined;

/**
 * Serves the page on a free port.
 * @returns {Promise<{url: string, close: () => Promise<void>}>}
 */
export async function serveSite() {
  await stat(join(site, 'index.html')).catch(() => {
    throw new Error(`${site} holds no index.html; build the page with \`cargo xtask dist\``);
  });
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => response.destroy(error));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${FOLDER}`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

async function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  const path = fileOf(decodeURIComponent(pathname));
  const found = path && (await stat(path).catch(() => undefined));
  if (!found?.isFile()) {
    // A browser may ask for this of its own accord; it is not the page's.
    response.writeHead(pathname === '/favicon.ico' ? 204 : 404).end();
    return;
  }
  const type = MEDIA_TYPES[extname(path)] ?? 'application/octet-stream';
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': found.size, 'Cache-Control': 'no-store' });
  createReadStream(path).pipe(response);
}

/** @returns {string | undefined} the file that a URL's path means, if it lies in the page's folder */
function fileOf(pathname) {
  if (!pathname.startsWith(FOLDER)) {
    return undefined;
  }
  const relative = normalize(pathname.slice(FOLDER.length) || 'index.html');
  if (relative.startsWith('..')) {
    return undefined;
  }
  const data = join('data', 'mnist') + sep;
  if (mnist && relative.startsWith(data)) {
    return join(mnist, relative.slice(data.length));
  }
  return join(site, relative);
}

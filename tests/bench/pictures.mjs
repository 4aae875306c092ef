// The pictures that everybody trains on: ten kinds of crosses with noise, made from a seed, so that nothing is downloaded.

const SIDE = 28;

/** Different batches, used in turn. */
export const N_BATCHES = 4;

/** Random numbers from 0 to 1 that a seed repeats (mulberry32). */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * @param {number} n
 * @returns {{pixels: Uint8Array, labels: Uint8Array}} 28×28 bytes a picture, 255 is ink, and what each shows
 */
export function pictures(n, seed = 1) {
  const random = randomNumbers(seed);
  const pixels = new Uint8Array(n * SIDE * SIDE);
  const labels = Uint8Array.from({ length: n }, () => Math.floor(10 * random()));
  labels.forEach((label, idx) => {
    const row = 4 + 2 * label + Math.floor(3 * random()) - 1;
    const column = 22 - 2 * label + Math.floor(3 * random()) - 1;
    for (let y = 2; y < SIDE - 2; y += 1) {
      for (let x = 2; x < SIDE - 2; x += 1) {
        const isInk = y === row || x === column;
        pixels[(idx * SIDE + y) * SIDE + x] = isInk ? 160 + 95 * random() : random() < 0.03 ? 120 * random() : 0;
      }
    }
  });
  return { pixels, labels };
}

/** The same as the two files of MNIST's format. */
export function idxFiles({ pixels, labels }) {
  const header = (magic, ...sizes) => {
    const bytes = new DataView(new ArrayBuffer(4 + 4 * sizes.length));
    [magic, ...sizes].forEach((value, idx) => bytes.setUint32(4 * idx, value));
    return new Uint8Array(bytes.buffer);
  };
  const join = (head, body) => {
    const whole = new Uint8Array(head.length + body.length);
    whole.set(head);
    whole.set(body, head.length);
    return whole;
  };
  return [join(header(0x803, labels.length, SIDE, SIDE), pixels), join(header(0x801, labels.length), labels)];
}

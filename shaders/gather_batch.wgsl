// A batch's pictures and labels out of a whole data set's. Pixels become numbers from 0 to 1; each picture is moved, and what
// is moved in is black. A picture that the data set does not have is black, and its label no class.
//
// pixels        [N_IMAGES, CHANNELS, HEIGHT, WIDTH], four bytes to an element, the first in the lowest byte
// labels        [N_IMAGES]
// picks         [BATCH, 3]: position in the data set, how many pixels down, how many to the right
// images        [BATCH, CHANNELS, HEIGHT, WIDTH]
// batch_labels  [BATCH]
//
// One invocation computes RUN times four neighbours of a row of the images; the first of each picture its label too. They
// are numbered as [BATCH, CHANNELS, HEIGHT, RUNS].

const WORKGROUP_SIZE: u32 = 64;
const BATCH: u32 = 1;
const CHANNELS: u32 = 1;
const HEIGHT: u32 = 4;
const WIDTH: u32 = 4;
const N_IMAGES: u32 = 1;
const RUN: u32 = 1;

const PLANE = HEIGHT * WIDTH;
const N_PIXELS = CHANNELS * PLANE;
const RUNS = (WIDTH + 4u * RUN - 1u) / (4u * RUN);
const ROWS = CHANNELS * HEIGHT;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> pixels: array<u32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> picks: array<u32>;
@group(0) @binding(3) var<storage, read_write> images: array<f32>;
@group(0) @binding(4) var<storage, read_write> batch_labels: array<u32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= BATCH * ROWS * RUNS) {
        return;
    }
    let row = idx / RUNS;
    let n = row / ROWS;
    let position = picks[n * 3u];
    let known = position < N_IMAGES;
    if (idx % (ROWS * RUNS) == 0u) {
        batch_labels[n] = select(0xffffffffu, labels[select(0u, position, known)], known);
    }
    // Above the picture rows wrap around to a huge number: one comparison serves both ends; so do columns.
    let y = row % HEIGHT - picks[n * 3u + 1u];
    let right = picks[n * 3u + 2u];
    let left = (idx % RUNS) * 4u * RUN;
    let unmoved = position * N_PIXELS + ((row / HEIGHT) % CHANNELS) * PLANE + y * WIDTH + left;
    let first = unmoved - right;
    // The first pixel's element; rounded down where that lies before the data set's first. What is read there is not used.
    let element = select(first / 4u, ~(~first / 4u), (right < WIDTH) & (unmoved < right));
    let shift = 8u * (first % 4u);
    var low = pixels[element];
    for (var quad = 0u; quad < RUN; quad += 1u) {
        let high = pixels[element + quad + 1u];
        // Four neighbours out of two elements.
        let bytes = (low >> shift) | ((high << 1u) << (31u - shift));
        low = high;
        for (var k = 0u; k < 4u; k += 1u) { // unrolled
            let column = left + 4u * quad + k;
            if (column < WIDTH) {
                let inside = known & (y < HEIGHT) & (column - right < WIDTH);
                images[row * WIDTH + column] = select(0.0, f32((bytes >> (8u * k)) & 0xffu) / 255.0, inside);
            }
        }
    }
}

// conv_block_grad_input where the convolution's stride and dilation are 1 and pooling halves the map (2×2, stride 2, no
// padding).
//
// grad_output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// weight       [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// choice       as grad_output: which cell of the convolution's map pooling took
// grad_input   [BATCH, IN_CHANNELS, IN_H, IN_W]
//
// One invocation computes COLUMNS neighbouring squares of two by two numbers of CHANNELS neighbouring input channels of one
// group. As in conv_block_halving, the part of the map that all of these see stays in registers. Invocations are numbered
// as [BATCH, GROUPS, BLOCKS, TILE_ROWS, TILE_COLUMNS].

const WORKGROUP_SIZE: u32 = 64;
const BATCH: u32 = 1;
const IN_CHANNELS: u32 = 1;
const IN_H: u32 = 5;
const IN_W: u32 = 5;
const OUT_CHANNELS: u32 = 1;
const CONV_W: u32 = 5;
const OUT_H: u32 = 2;
const OUT_W: u32 = 2;
const GROUPS: u32 = 1;
const KERNEL_H: u32 = 3;
const KERNEL_W: u32 = 3;
const COLUMNS: u32 = 2;
const CHANNELS: u32 = 4;
// The windows that a tile sees begin with this one, counted from the tile's own position; it may wrap around below 0.
const FIRST_H: u32 = 4294967295;
const FIRST_W: u32 = 4294967295;
// How far into that window the first cell is that is seen: 0 or 1.
const SHIFT_H: u32 = 1;
const SHIFT_W: u32 = 1;
const WINDOWS_H: u32 = 3;
const WINDOWS_W: u32 = 4;
// Twice as many.
const CELLS_H: u32 = 6;
const CELLS_W: u32 = 8;

const GROUP_IN = IN_CHANNELS / GROUPS;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const BLOCKS = (GROUP_IN + CHANNELS - 1u) / CHANNELS;
const KERNEL = KERNEL_H * KERNEL_W;
const FILTER = GROUP_IN * KERNEL;
const TILE_ROWS = (IN_H + 1u) / 2u;
const TILE_COLUMNS = (IN_W + 2u * COLUMNS - 1u) / (2u * COLUMNS);
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> grad_output: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> choice: array<u32>;
@group(0) @binding(3) var<storage, read_write> grad_input: array<f32>;

fn store(row: u32, y: u32, x: u32, sums: vec4<f32>) {
    if (x >= IN_W) {
        return;
    }
    grad_input[row + x] = sums.x;
    if (x + 1u < IN_W) {
        grad_input[row + x + 1u] = sums.y;
    }
    if (y + 1u < IN_H) {
        grad_input[row + IN_W + x] = sums.z;
        if (x + 1u < IN_W) {
            grad_input[row + IN_W + x + 1u] = sums.w;
        }
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= BATCH * GROUPS * BLOCKS * TILE_ROWS * TILE_COLUMNS) {
        return;
    }
    let tile_x = (idx % TILE_COLUMNS) * COLUMNS;
    let tile_y = (idx / TILE_COLUMNS) % TILE_ROWS;
    let block = (idx / (TILE_COLUMNS * TILE_ROWS)) % BLOCKS;
    let group = (idx / (TILE_COLUMNS * TILE_ROWS * BLOCKS)) % GROUPS;
    let n = idx / (TILE_COLUMNS * TILE_ROWS * BLOCKS * GROUPS);
    let first = block * CHANNELS;

    var sums: array<array<vec4<f32>, COLUMNS>, CHANNELS>;
    for (var o = group * GROUP_OUT; o < (group + 1u) * GROUP_OUT; o += 1u) {
        let plane = (n * OUT_CHANNELS + o) * (OUT_H * OUT_W);
        // The gradient of the convolution's map, of which pooling lets one number through per window.
        var grads: array<array<f32, CELLS_W>, CELLS_H>;
        for (var i = 0u; i < WINDOWS_H; i += 1u) { // unrolled
            for (var j = 0u; j < WINDOWS_W; j += 1u) { // unrolled
                // Above the map windows wrap around to a huge number: one comparison serves both ends.
                let y = tile_y + FIRST_H + i;
                let x = tile_x + FIRST_W + j;
                let inside = (y < OUT_H) & (x < OUT_W);
                let at = select(0u, plane + y * OUT_W + x, inside);
                let grad = select(0.0, grad_output[at], inside);
                let place = choice[at] - 2u * (y * CONV_W + x);
                grads[2u * i][2u * j] = select(0.0, grad, place == 0u);
                grads[2u * i][2u * j + 1u] = select(0.0, grad, place == 1u);
                grads[2u * i + 1u][2u * j] = select(0.0, grad, place == CONV_W);
                grads[2u * i + 1u][2u * j + 1u] = select(0.0, grad, place == CONV_W + 1u);
            }
        }
        for (var c = 0u; c < CHANNELS; c += 1u) { // unrolled
            // Past the group's last channel, the last one is computed again and not stored.
            let taps = o * FILTER + min(first + c, GROUP_IN - 1u) * KERNEL + KERNEL - 1u;
            // From the last tap to the first: tap by tap the map moves the other way.
            for (var i = 0u; i < KERNEL_H; i += 1u) { // unrolled
                for (var j = 0u; j < KERNEL_W; j += 1u) { // unrolled
                    let factor = weight[taps - (i * KERNEL_W + j)];
                    for (var x = 0u; x < COLUMNS; x += 1u) { // unrolled
                        let row = SHIFT_H + i;
                        let column = SHIFT_W + j + 2u * x;
                        let upper = vec2<f32>(grads[row][column], grads[row][column + 1u]);
                        let lower = vec2<f32>(grads[row + 1u][column], grads[row + 1u][column + 1u]);
                        sums[c][x] += factor * vec4<f32>(upper, lower);
                    }
                }
            }
        }
    }
    for (var c = 0u; c < CHANNELS; c += 1u) { // unrolled
        if (first + c < GROUP_IN) {
            let row = ((n * IN_CHANNELS + group * GROUP_IN + first + c) * IN_H + 2u * tile_y) * IN_W;
            for (var x = 0u; x < COLUMNS; x += 1u) { // unrolled
                store(row, 2u * tile_y, 2u * (tile_x + x), sums[c][x]);
            }
        }
    }
}

// Convolution, then ReLU, then max-pooling, without writing down what passes between them.
//
// input   [BATCH, IN_CHANNELS, IN_H, IN_W]
// weight  [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// bias    [OUT_CHANNELS]; without HAS_BIAS it is never read, and anything may be bound
// output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]; without pooling the window is one cell of the convolution's map
// choice  as the output: which cell y · CONV_W + x of the convolution's map pooling took, or NO_CHOICE where ReLU lets no
//         gradient through; without HAS_CHOICE it is never written
//
// One invocation computes four positions, a quarter of all positions apart, of four neighbouring output channels of one
// group: eight loads serve sixteen products. Invocations are numbered as [GROUPS, BLOCKS, a quarter of the positions].

const WORKGROUP_SIZE: u32 = 64;
const BATCH: u32 = 1;
const IN_CHANNELS: u32 = 1;
const IN_H: u32 = 5;
const IN_W: u32 = 5;
const OUT_CHANNELS: u32 = 1;
const CONV_H: u32 = 3;
const CONV_W: u32 = 3;
const OUT_H: u32 = 1;
const OUT_W: u32 = 1;
const GROUPS: u32 = 1;
const KERNEL_H: u32 = 3;
const KERNEL_W: u32 = 3;
const STRIDE_H: u32 = 1;
const STRIDE_W: u32 = 1;
const PADDING_H: u32 = 0;
const PADDING_W: u32 = 0;
const DILATION_H: u32 = 1;
const DILATION_W: u32 = 1;
const POOL_H: u32 = 2;
const POOL_W: u32 = 2;
const POOL_STRIDE_H: u32 = 2;
const POOL_STRIDE_W: u32 = 2;
const POOL_PADDING_H: u32 = 0;
const POOL_PADDING_W: u32 = 0;
const RELU: bool = true;
const HAS_BIAS: bool = true;
const HAS_CHOICE: bool = true;

const NO_CHOICE = 0xffffffffu;
const GROUP_IN = IN_CHANNELS / GROUPS;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const BLOCKS = (GROUP_OUT + 3u) / 4u;
const FILTER = GROUP_IN * KERNEL_H * KERNEL_W;
const IN_PLANE = IN_H * IN_W;
const OUT_PLANE = OUT_H * OUT_W;
const N_POSITIONS = BATCH * OUT_PLANE;
const QUARTER = (N_POSITIONS + 3u) / 4u;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<storage, read_write> choice: array<u32>;

// The largest so far of each of four windows, and where it was.
struct Best {
    numbers: vec4<f32>,
    cells: vec4<u32>,
}

// Compilers may assume that no number is NaN, so the bits are asked.
fn is_nan(numbers: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(numbers) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
}

fn update(best: ptr<function, Best>, sums: vec4<f32>, cells: vec4<u32>, inside: vec4<bool>) {
    let first = (*best).cells == vec4<u32>(NO_CHOICE);
    let better = inside & (first | (sums > (*best).numbers) | is_nan(sums));
    (*best).numbers = select((*best).numbers, sums, better);
    (*best).cells = select((*best).cells, cells, better);
}

fn store_one(channel: u32, position: u32, number: f32, cell: u32) {
    if (position >= N_POSITIONS) {
        return;
    }
    let at = ((position / OUT_PLANE) * OUT_CHANNELS + channel) * OUT_PLANE + position % OUT_PLANE;
    output[at] = select(number, 0.0, RELU && number < 0.0);
    if (HAS_CHOICE) {
        choice[at] = select(cell, NO_CHOICE, RELU && !(number > 0.0));
    }
}

fn store(channel: u32, positions: vec4<u32>, best: Best) {
    store_one(channel, positions.x, best.numbers.x, best.cells.x);
    store_one(channel, positions.y, best.numbers.y, best.cells.y);
    store_one(channel, positions.z, best.numbers.z, best.cells.z);
    store_one(channel, positions.w, best.numbers.w, best.cells.w);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= GROUPS * BLOCKS * QUARTER) {
        return;
    }
    let group = idx / (BLOCKS * QUARTER);
    let first = ((idx / QUARTER) % BLOCKS) * 4u;
    // Past the group's last channel, the last one is computed again and not stored.
    let channels = group * GROUP_OUT + min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(GROUP_OUT - 1u));
    let filters = channels * FILTER;

    // Likewise past the last position.
    let positions = idx % QUARTER + vec4<u32>(0u, 1u, 2u, 3u) * QUARTER;
    let inside_positions = min(positions, vec4<u32>(N_POSITIONS - 1u));
    let pool_left = (inside_positions % OUT_W) * POOL_STRIDE_W;
    let pool_top = ((inside_positions / OUT_W) % OUT_H) * POOL_STRIDE_H;
    let images = (inside_positions / OUT_PLANE) * (IN_CHANNELS * IN_PLANE) + group * (GROUP_IN * IN_PLANE);

    let none = Best(vec4<f32>(0.0), vec4<u32>(NO_CHOICE));
    var best_0 = none;
    var best_1 = none;
    var best_2 = none;
    var best_3 = none;
    for (var cell = 0u; cell < POOL_H * POOL_W; cell += 1u) {
        // Above a map this wraps around to a huge number: one comparison serves both ends.
        let y = pool_top + cell / POOL_W - POOL_PADDING_H;
        let x = pool_left + cell % POOL_W - POOL_PADDING_W;
        let in_map = (y < vec4<u32>(CONV_H)) & (x < vec4<u32>(CONV_W));
        let top = y * STRIDE_H;
        let left = x * STRIDE_W;
        var sums_0 = vec4<f32>(0.0);
        var sums_1 = vec4<f32>(0.0);
        var sums_2 = vec4<f32>(0.0);
        var sums_3 = vec4<f32>(0.0);
        if (HAS_BIAS) {
            sums_0 += bias[channels.x];
            sums_1 += bias[channels.y];
            sums_2 += bias[channels.z];
            sums_3 += bias[channels.w];
        }
        for (var c = 0u; c < GROUP_IN; c += 1u) {
            for (var i = 0u; i < KERNEL_H; i += 1u) {
                let in_y = top + i * DILATION_H - PADDING_H;
                let rows = images + c * IN_PLANE + in_y * IN_W;
                for (var j = 0u; j < KERNEL_W; j += 1u) {
                    let in_x = left + j * DILATION_W - PADDING_W;
                    let inside = (in_y < vec4<u32>(IN_H)) & (in_x < vec4<u32>(IN_W));
                    let cells = select(vec4<u32>(0u), rows + in_x, inside);
                    let loaded = vec4<f32>(input[cells.x], input[cells.y], input[cells.z], input[cells.w]);
                    let inputs = select(vec4<f32>(0.0), loaded, inside);
                    let taps = filters + ((c * KERNEL_H + i) * KERNEL_W + j);
                    sums_0 += inputs * weight[taps.x];
                    sums_1 += inputs * weight[taps.y];
                    sums_2 += inputs * weight[taps.z];
                    sums_3 += inputs * weight[taps.w];
                }
            }
        }
        let map_cells = y * CONV_W + x;
        update(&best_0, sums_0, map_cells, in_map);
        update(&best_1, sums_1, map_cells, in_map);
        update(&best_2, sums_2, map_cells, in_map);
        update(&best_3, sums_3, map_cells, in_map);
    }

    let channel = group * GROUP_OUT + first;
    store(channel, positions, best_0);
    if (first + 1u < GROUP_OUT) {
        store(channel + 1u, positions, best_1);
    }
    if (first + 2u < GROUP_OUT) {
        store(channel + 2u, positions, best_2);
    }
    if (first + 3u < GROUP_OUT) {
        store(channel + 3u, positions, best_3);
    }
}

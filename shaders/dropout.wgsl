// Dropout: elements whose random bits lie below a threshold become zero, the others are multiplied by SCALE.
//
// input, output  [N_ELEMENTS], which is [batch, PER_PICTURE]
// key            the seed's halves, the step's halves, and the position in the batch of the first picture here
//
// One invocation computes one element. Its random bits are a word of the block that Philox4x32-10 gives for its position
// (Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", 2011): the CPU's are the same.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;
const PER_PICTURE: u32 = 1;
// The layer, and what the random numbers are for.
const PURPOSE: u32 = 6;
const THRESHOLD: u32 = 8388608;
const SCALE: f32 = 2.0;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> key: array<u32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

// The upper half of a product, from products of halves: WGSL has no integers of 64 bits.
fn mul_hi(a: u32, b: u32) -> u32 {
    let a_low = a & 0xffffu;
    let a_high = a >> 16u;
    let b_low = b & 0xffffu;
    let b_high = b >> 16u;
    let middle = a_high * b_low + ((a_low * b_low) >> 16u);
    let other = a_low * b_high + (middle & 0xffffu);
    return a_high * b_high + (middle >> 16u) + (other >> 16u);
}

fn philox(first_counter: vec4<u32>, first_key: vec2<u32>) -> vec4<u32> {
    var counter = first_counter;
    var round_key = first_key;
    for (var round = 0u; round < 10u; round += 1u) {
        let a_high = mul_hi(0xD2511F53u, counter.x);
        let b_high = mul_hi(0xCD9E8D57u, counter.z);
        counter = vec4(
            b_high ^ counter.y ^ round_key.x,
            0xCD9E8D57u * counter.z,
            a_high ^ counter.w ^ round_key.y,
            0xD2511F53u * counter.x,
        );
        round_key += vec2(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    let position = key[4] * PER_PICTURE + idx;
    let block = philox(vec4(position / 4u, PURPOSE, key[2], key[3]), vec2(key[0], key[1]));
    let dropped = (block[position % 4u] >> 8u) < THRESHOLD;
    output[idx] = select(SCALE * input[idx], 0.0, dropped);
}

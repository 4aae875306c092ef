// Arithmetic on two tensors element by element, with broadcasting.
//
// a, b    numbers A_STRIDES and B_STRIDES apart along each dimension; 0 where the same number is repeated
// output  [SIZES]
//
// One invocation computes one element; invocations are numbered as the output. Unused dimensions come first, of size 1.

const WORKGROUP_SIZE: u32 = 64;
// 0 adds, 1 subtracts, 2 multiplies, 3 divides.
const KIND: u32 = 0;
// How many of the last dimensions are used.
const RANK: u32 = 1;
const SIZES: array<u32, 6> = array<u32, 6>(1, 1, 1, 1, 1, 1);
const A_STRIDES: array<u32, 6> = array<u32, 6>(0, 0, 0, 0, 0, 0);
const B_STRIDES: array<u32, 6> = array<u32, 6>(0, 0, 0, 0, 0, 0);

const N_ELEMENTS = SIZES[0] * SIZES[1] * SIZES[2] * SIZES[3] * SIZES[4] * SIZES[5];
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    var sizes = SIZES;
    var a_strides = A_STRIDES;
    var b_strides = B_STRIDES;
    var rest = idx;
    var a_idx = 0u;
    var b_idx = 0u;
    for (var k = 0u; k < RANK; k += 1u) {
        let dim = 5u - k;
        let position = rest % sizes[dim];
        rest /= sizes[dim];
        a_idx += position * a_strides[dim];
        b_idx += position * b_strides[dim];
    }
    let left = a[a_idx];
    let right = b[b_idx];
    if (KIND == 0u) {
        output[idx] = left + right;
    } else if (KIND == 1u) {
        output[idx] = left - right;
    } else if (KIND == 2u) {
        output[idx] = left * right;
    } else {
        output[idx] = left / right;
    }
}

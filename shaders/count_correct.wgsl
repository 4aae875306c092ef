// How many rows have their largest number at the target; the first of equals counts as the largest.
//
// logits  [BATCH, N_CLASSES]
// target  [BATCH]
// output  one number, a whole one
//
// One workgroup computes it: each invocation counts its share of the batch, then the counts are added. Whole numbers up
// to 2²⁴ are exact in any order.

const BATCH: u32 = 1;
const N_CLASSES: u32 = 10;

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> target_class: array<u32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

var<workgroup> counts: array<u32, 64>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
    var count = 0u;
    for (var n = lane; n < BATCH; n += WORKGROUP_SIZE) {
        var best = 0u;
        var largest = logits[n * N_CLASSES];
        for (var class_idx = 1u; class_idx < N_CLASSES; class_idx += 1u) {
            let logit = logits[n * N_CLASSES + class_idx];
            if (logit > largest) {
                largest = logit;
                best = class_idx;
            }
        }
        count += select(0u, 1u, best == target_class[n]);
    }
    counts[lane] = count;
    workgroupBarrier();
    if (lane == 0u) {
        for (var k = 1u; k < 64u; k += 1u) {
            count += counts[k];
        }
        output[0] = f32(count);
    }
}

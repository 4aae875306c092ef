// A linear layer of few classes and the cross-entropy of its output, backwards at once.
//
// input         [BATCH, IN_FEATURES]
// weight        [N_CLASSES, IN_FEATURES]
// bias          [N_CLASSES]
// target_class  [BATCH]
// grad_logits   [BATCH, N_CLASSES], of the mean over the batch
// grad_input    [BATCH, IN_FEATURES]
// scores        [2, BATCH]: each image's cross-entropy, in nats, NaN where its target is none of the classes; and 1 where it
//               is classified rightly, else 0
//
// No matrices in workgroup memory: SwiftShader reads their columns wrongly where the column is not a constant.
//
// A workgroup takes four images: its LANES invocations share the features of each, and their shares are added in a fixed
// order. One load of a weight serves four images, and one of a feature all classes.
//
// Without UNROLLS_STORES the loops over the workgroup's memory are loops, of copies, as an array in registers cannot be indexed by
// a variable: access to memory is much code to a GPU that is a program.

const BATCH: u32 = 1;
const IN_FEATURES: u32 = 4;
const N_CLASSES: u32 = 10;
const LANES: u32 = 64;
const UNROLLS_STORES: bool = true;

const GRID_ROW = 65535u;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> target_class: array<u32>;
@group(0) @binding(4) var<storage, read_write> grad_logits: array<f32>;
@group(0) @binding(5) var<storage, read_write> grad_input: array<f32>;
@group(0) @binding(6) var<storage, read_write> scores: array<f32>;

// Each invocation's share in four images' logits, class by class.
var<workgroup> shares: array<vec4<f32>, LANES * N_CLASSES>;
// Of every class, four images: the logits, then their gradients.
var<workgroup> logits: array<f32, 4 * N_CLASSES>;

// The softmax of one image; `slot` is its place among the workgroup's.
fn score(slot: u32, n: u32) {
    var best = 0u;
    var largest = logits[slot];
    for (var k = 1u; k < N_CLASSES; k += 1u) {
        let logit = logits[k * 4u + slot];
        if (logit > largest) {
            largest = logit;
            best = k;
        }
    }
    var total = 0.0;
    for (var k = 0u; k < N_CLASSES; k += 1u) {
        total += exp(logits[k * 4u + slot] - largest);
    }
    let log_total = log(total);
    let right = target_class[n];
    // A NaN that no compiler can call a constant.
    var loss = bitcast<f32>(right | 0x7fc00000u);
    for (var k = 0u; k < N_CLASSES; k += 1u) {
        let log_probability = logits[k * 4u + slot] - largest - log_total;
        if (k == right) {
            loss = -log_probability;
        }
        let grad = (exp(log_probability) - select(0.0, 1.0, k == right)) / f32(BATCH);
        logits[k * 4u + slot] = grad;
        grad_logits[n * N_CLASSES + k] = grad;
    }
    scores[n] = loss;
    scores[BATCH + n] = select(0.0, 1.0, best == right);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let first = (id.y * GRID_ROW + id.x) * 4u;
    // Past the last image, the last one is computed and stored again.
    let rows = min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(BATCH - 1u)) * IN_FEATURES;
    var sums: array<vec4<f32>, N_CLASSES>;
    for (var feature = lane; feature < IN_FEATURES; feature += LANES) {
        let inputs = vec4<f32>(
            input[rows.x + feature],
            input[rows.y + feature],
            input[rows.z + feature],
            input[rows.w + feature],
        );
        for (var k = 0u; k < N_CLASSES; k += 1u) { // unrolled
            sums[k] += inputs * weight[k * IN_FEATURES + feature];
        }
    }
    var finished = sums;
    for (var k = 0u; k < N_CLASSES; k += 1u) { // unrolled if UNROLLS_STORES
        shares[lane * N_CLASSES + k] = finished[k];
    }
    workgroupBarrier();
    for (var k = lane; k < N_CLASSES; k += LANES) {
        var sum = vec4<f32>(bias[k]);
        for (var other = 0u; other < LANES; other += 1u) {
            sum += shares[other * N_CLASSES + k];
        }
        logits[k * 4u] = sum.x;
        logits[k * 4u + 1u] = sum.y;
        logits[k * 4u + 2u] = sum.z;
        logits[k * 4u + 3u] = sum.w;
    }
    workgroupBarrier();
    if (lane < 4u) {
        score(lane, min(first + lane, BATCH - 1u));
    }
    workgroupBarrier();

    var loaded: array<vec4<f32>, N_CLASSES>;
    for (var k = 0u; k < N_CLASSES; k += 1u) { // unrolled if UNROLLS_STORES
        loaded[k] = vec4<f32>(logits[k * 4u], logits[k * 4u + 1u], logits[k * 4u + 2u], logits[k * 4u + 3u]);
    }
    let grads = loaded;
    for (var feature = lane; feature < IN_FEATURES; feature += LANES) {
        var sum = vec4<f32>(0.0);
        for (var k = 0u; k < N_CLASSES; k += 1u) { // unrolled
            sum += grads[k] * weight[k * IN_FEATURES + feature];
        }
        grad_input[rows.x + feature] = sum.x;
        grad_input[rows.y + feature] = sum.y;
        grad_input[rows.z + feature] = sum.z;
        grad_input[rows.w + feature] = sum.w;
    }
}

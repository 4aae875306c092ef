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
// A workgroup takes four images: its invocations share the features of each, so that eight loads serve sixteen products,
// and their shares are added in a fixed order.

const BATCH: u32 = 1;
const IN_FEATURES: u32 = 4;
const N_CLASSES: u32 = 10;

const LANES = 64u;
const CLASS_BLOCKS = (N_CLASSES + 3u) / 4u;
const GRID_ROW = 65535u;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> target_class: array<u32>;
@group(0) @binding(4) var<storage, read_write> grad_logits: array<f32>;
@group(0) @binding(5) var<storage, read_write> grad_input: array<f32>;
@group(0) @binding(6) var<storage, read_write> scores: array<f32>;

// Each invocation's share in four images of four classes: four images in a vector, LANES vectors of a class in a row.
var<workgroup> shares: array<vec4<f32>, 256>;
// Of every class, four images: the logits, then their gradients.
var<workgroup> logits: array<f32, 64>;

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

fn store(n: u32, feature: u32, numbers: vec4<f32>) {
    if (n >= BATCH) {
        return;
    }
    let first = n * IN_FEATURES + feature;
    grad_input[first] = numbers.x;
    if (feature + 1u < IN_FEATURES) {
        grad_input[first + 1u] = numbers.y;
    }
    if (feature + 2u < IN_FEATURES) {
        grad_input[first + 2u] = numbers.z;
    }
    if (feature + 3u < IN_FEATURES) {
        grad_input[first + 3u] = numbers.w;
    }
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let first = (id.y * GRID_ROW + id.x) * 4u;
    // Past the last image, the last one is computed again and not stored.
    let rows = min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(BATCH - 1u)) * IN_FEATURES;
    for (var block = 0u; block < CLASS_BLOCKS; block += 1u) {
        // Likewise past the last class.
        let classes = min(block * 4u + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(N_CLASSES - 1u));
        let filters = classes * IN_FEATURES;
        var sums_0 = vec4<f32>(0.0);
        var sums_1 = vec4<f32>(0.0);
        var sums_2 = vec4<f32>(0.0);
        var sums_3 = vec4<f32>(0.0);
        for (var k = lane; k < IN_FEATURES; k += LANES) {
            let inputs = vec4<f32>(input[rows.x + k], input[rows.y + k], input[rows.z + k], input[rows.w + k]);
            sums_0 += inputs * weight[filters.x + k];
            sums_1 += inputs * weight[filters.y + k];
            sums_2 += inputs * weight[filters.z + k];
            sums_3 += inputs * weight[filters.w + k];
        }
        shares[lane] = sums_0;
        shares[LANES + lane] = sums_1;
        shares[2u * LANES + lane] = sums_2;
        shares[3u * LANES + lane] = sums_3;
        workgroupBarrier();
        let own = block * 4u + lane;
        if (lane < 4u && own < N_CLASSES) {
            var sum = vec4<f32>(bias[own]);
            for (var k = 0u; k < LANES; k += 1u) {
                sum += shares[lane * LANES + k];
            }
            logits[own * 4u] = sum.x;
            logits[own * 4u + 1u] = sum.y;
            logits[own * 4u + 2u] = sum.z;
            logits[own * 4u + 3u] = sum.w;
        }
        workgroupBarrier();
    }
    if (lane < 4u && first + lane < BATCH) {
        score(lane, first + lane);
    }
    workgroupBarrier();

    for (var feature = lane * 4u; feature < IN_FEATURES; feature += LANES * 4u) {
        let columns = min(feature + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(IN_FEATURES - 1u));
        var sums_0 = vec4<f32>(0.0);
        var sums_1 = vec4<f32>(0.0);
        var sums_2 = vec4<f32>(0.0);
        var sums_3 = vec4<f32>(0.0);
        for (var k = 0u; k < N_CLASSES; k += 1u) {
            let at = k * IN_FEATURES + columns;
            let weights = vec4<f32>(weight[at.x], weight[at.y], weight[at.z], weight[at.w]);
            sums_0 += weights * logits[k * 4u];
            sums_1 += weights * logits[k * 4u + 1u];
            sums_2 += weights * logits[k * 4u + 2u];
            sums_3 += weights * logits[k * 4u + 3u];
        }
        store(first, feature, sums_0);
        store(first + 1u, feature, sums_1);
        store(first + 2u, feature, sums_2);
        store(first + 3u, feature, sums_3);
    }
}

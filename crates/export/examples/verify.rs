//! Writes networks of every kind of layer, their exports, a batch of pictures, this project's logits and learning rates into
//! a folder, for `verify.py` to compare: `cargo xtask verify-export` runs both.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use nn::loss::Loss;
use nn::options::Augment;
use nn::schedule::{CosineAnnealingLR, Schedule, Warmup};
use nn::{
    Initialisation, ModelSpec, Network, Optimiser, TrainingOptions, initial_parameters, presets, state_dict,
};
use safetensors::tensor::{Dtype, TensorView, serialize};
use tensor::cpu::Executor;
use tensor::random::{Purpose, Stream};

const BATCH: usize = 32;
/// What `verify.py` makes schedules for.
const STEPS_PER_EPOCH: u64 = 11;
const N_STEPS: u64 = 3 * STEPS_PER_EPOCH;

/// Networks with what the presets do not have.
const MODELS: [(&str, &str); 4] = [
    (
        "windows",
        r#"{"version":1,"input":[1,28,28],"layers":[
            {"type":"Conv2d","out_channels":6,"kernel_size":[3,5],"stride":[1,2],"padding":[2,1],"dilation":[2,1]},
            {"type":"BatchNorm2d","eps":0.01},
            {"type":"LeakyReLU","negative_slope":0.2},
            {"type":"Conv2d","out_channels":9,"kernel_size":3,"groups":3,"bias":false},
            {"type":"Tanh"},
            {"type":"MaxPool2d","kernel_size":[3,2],"stride":2,"padding":1},
            {"type":"AvgPool2d","kernel_size":3,"stride":[2,1],"padding":1},
            {"type":"Sigmoid"},
            {"type":"Flatten"},
            {"type":"Linear","out_features":10,"bias":false},
            {"type":"LogSoftmax"}]}"#,
    ),
    (
        "averages",
        r#"{"version":1,"input":[1,28,28],"layers":[
            {"type":"AdaptiveAvgPool2d","output_size":[11,30]},
            {"type":"Conv2d","out_channels":4,"kernel_size":3,"stride":[1,2]},
            {"type":"AdaptiveAvgPool2d","output_size":[3,7]},
            {"type":"BatchNorm2d","track_running_stats":false},
            {"type":"ReLU"},
            {"type":"BatchNorm2d","affine":false},
            {"type":"Conv2d","out_channels":10,"kernel_size":2},
            {"type":"AdaptiveAvgPool2d","output_size":1},
            {"type":"Flatten"},
            {"type":"Softmax"}]}"#,
    ),
    (
        "blocks",
        r#"{"version":1,"input":[1,28,28],"layers":[
            {"type":"Conv2d","out_channels":4,"kernel_size":3,"stride":2,"padding":1},
            {"type":"BatchNorm2d"},{"type":"ELU","alpha":0.5},
            {"type":"Conv2d","out_channels":4,"kernel_size":3,"padding":1},{"type":"GELU"},
            {"type":"Residual","from":3},{"type":"Residual","from":1},
            {"type":"GELU","approximate":"tanh"},{"type":"Dropout","p":0.9},
            {"type":"Flatten"},{"type":"Linear","out_features":10}]}"#,
    ),
    (
        "flat",
        r#"{"version":1,"input":[1,28,28],"layers":[
            {"type":"Flatten"},{"type":"Linear","out_features":12},{"type":"Flatten"},{"type":"LeakyReLU"},
            {"type":"Softmax"},{"type":"Linear","out_features":10}]}"#,
    ),
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: verify FOLDER")?;
    let folder = Path::new(&folder);
    let mut options = options().into_iter().cycle();
    let mut next = || options.next().expect("a cycle has no end");
    for preset in presets::all() {
        write(folder, preset.id, preset.model, &next())?;
    }
    for (name, json) in MODELS {
        write(folder, name, ModelSpec::from_json(json)?, &next())?;
    }
    Ok(())
}

/// Every schedule with every optimiser that can follow it and what else a step can do, in turn, and one after a rise.
fn options() -> Vec<TrainingOptions> {
    let schedules = Schedule::all().into_iter().zip(Optimiser::all().into_iter().cycle());
    let usual = TrainingOptions::default();
    let mut all: Vec<TrainingOptions> = schedules
        .map(|(schedule, optimiser)| TrainingOptions { schedule, optimiser, ..usual.clone() })
        .collect();
    for options in &mut all {
        if let Some(cycle_momentum) = options.schedule.cycle_momentum_mut() {
            *cycle_momentum = options.optimiser.has_momentum();
        }
    }
    for (idx, options) in all.iter_mut().enumerate() {
        options.learning_rate = options.optimiser.usual_learning_rate();
        // Of the losses all but NLLLoss, which not every network can have.
        options.loss = [0, 2, 3, 4, 5, 0].map(|loss| Loss::all()[loss])[idx % 6];
        options.l1 = if idx % 2 == 0 { 1e-4 } else { 0.0 };
        options.clip_grad_norm = (idx % 3 == 0).then_some(1.0);
        options.frozen = if idx % 3 == 1 { vec![0] } else { Vec::new() };
        options.augment = Augment { shift: idx % 3 };
        options.initialisation = Initialisation::ALL[idx % Initialisation::ALL.len()];
    }
    let warmup = Warmup { epochs: 0.5, start_factor: 0.2 };
    let schedule = Schedule::CosineAnnealingLR(CosineAnnealingLR { eta_min: 0.001 });
    all.push(TrainingOptions { schedule, warmup, ..usual });
    all
}

fn write(
    folder: &Path,
    name: &str,
    model: ModelSpec,
    options: &TrainingOptions,
) -> Result<(), Box<dyn Error>> {
    let network = Network::new(model, 10)?;
    let layout = network.layout();
    let mut parameters = initial_parameters(&layout, 0);
    // Running statistics of 0 and 1, and factors of 1, would make no difference.
    let mut stream = Stream::new(0, Purpose::Test, 1);
    for slot in layout.slots.iter().filter(|slot| slot.shape.len() == 1) {
        parameters[slot.range()].iter_mut().for_each(|value| *value += 0.1 * stream.uniform());
    }
    let images = pictures();
    let logits = logits(&network, &parameters, &images)?;

    let weights_file = format!("{name}.safetensors");
    let script = export::pytorch::script(&network, options, &weights_file)?;
    std::fs::write(folder.join(&weights_file), state_dict::save(&layout, &parameters, HashMap::new()))?;
    std::fs::write(folder.join(format!("{name}.py")), script)?;
    std::fs::write(folder.join(format!("{name}.onnx")), export::onnx::model(&network, &parameters)?)?;
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let (images, logits) = (bytes(&images), bytes(&logits));
    let images = TensorView::new(Dtype::F32, vec![BATCH, 1, 28, 28], &images)?;
    let logits = TensorView::new(Dtype::F32, vec![BATCH, 10], &logits)?;
    let rates = (0..N_STEPS).map(|step| options.scheduled(step, STEPS_PER_EPOCH).learning_rate);
    let rates: Vec<u8> = rates.flat_map(f64::to_le_bytes).collect();
    let rates = TensorView::new(Dtype::F64, vec![N_STEPS as usize], &rates)?;
    let expected = serialize([("images", images), ("logits", logits), ("learning_rates", rates)], None)?;
    std::fs::write(folder.join(format!("{name}.expected")), expected)?;
    let drawn = state_dict::save(&layout, &options.initialisation.parameters(&network, 1), HashMap::new());
    std::fs::write(folder.join(format!("{name}.drawn")), drawn)?;
    Ok(())
}

/// Numbers from 0 to 1.
fn pictures() -> Vec<f32> {
    let mut stream = Stream::new(0, Purpose::Test, 0);
    (0..BATCH * 784).map(|_| stream.uniform()).collect()
}

/// What the CPU engine computes.
fn logits(network: &Network, parameters: &[f32], images: &[f32]) -> Result<Vec<f32>, Box<dyn Error>> {
    let mut executor = Executor::new(&network.layout(), 0);
    let plan = executor.add(network.evaluation_plan(BATCH)?)?;
    executor.set_parameters(parameters)?;
    executor.write_input(plan, nn::names::IMAGES, images)?;
    executor.run(plan);
    Ok(executor.output(plan, nn::names::LOGITS)?.to_vec())
}

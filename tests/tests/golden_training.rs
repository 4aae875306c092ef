//! Both executors, and eager modules, retrace whole trainings of PyTorch's, from the same weights over the same batches of MNIST: the first
//! step's gradients, every step's loss, and the weights at the end.
//!
//! The pictures are not part of this repository: the environment variable `RECEPTIVE_MNIST` names a folder with MNIST's
//! four files. Without it this says that it is skipped.
#![cfg(not(target_arch = "wasm32"))]
#![allow(missing_docs, reason = "tests are named for what they say")]

use std::path::Path;

use data::Images;
use nn::functional::{self, Reduction};
use nn::layers::{AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Linear, MaxPool2d};
use nn::modules::{Module, Sequential, StateDict, read_state_dict};
use nn::optim::Optim;
use nn::optimiser::Sgd;
use nn::{LayerSpec, ModelSpec, Network, Optimiser, initial_parameters, names};
use receptive_tests::{Golden, GoldenCase, Tolerance, assert_close, open_gpu, print_skip};
use tensor::{ParameterLayout, Tensor, cpu};

const TRAINING: &[u8] = include_bytes!("../golden/training.safetensors");

/// Both sides compute in 32 bits and round differently, and each step starts from the last one's differences.
const AFTER_STEPS: Tolerance = Tolerance(1e-5);

/// In the strided network's fifth step the third convolution gives −5·10⁻⁹ for one cell of one image (in 64 bits).
/// Rounding decides there whether ReLU lets the gradient through, PyTorch and we decide differently, and Adam, which
/// divides by the gradient's own size, turns that into steps of full length for small weights: up to 4·10⁻³ after 30
/// steps. The same training in 64 bits with that one gate turned over ends where we do.
const AFTER_A_TURNED_GATE: Tolerance = Tolerance(5e-3);

struct Mnist {
    images: Images,
    labels: Vec<u8>,
}

fn mnist() -> Option<Mnist> {
    let folder = std::env::var("RECEPTIVE_MNIST").unwrap_or_default();
    if folder.is_empty() {
        print_skip("a training on MNIST, whose folder RECEPTIVE_MNIST does not name");
        return None;
    }
    let read = |name: &str| {
        let gzipped = Path::new(&folder).join(format!("{name}.gz"));
        std::fs::read(&gzipped)
            .or_else(|_| std::fs::read(Path::new(&folder).join(name)))
            .unwrap_or_else(|error| panic!("{}: {error}", gzipped.display()))
    };
    let images = data::idx::read_images("images", &read("train-images-idx3-ubyte")).unwrap();
    let labels = data::idx::read_labels("labels", &read("train-labels-idx1-ubyte")).unwrap();
    Some(Mnist { images, labels })
}

fn conv(out_channels: usize, kernel_size: usize, stride: usize, padding: usize) -> LayerSpec {
    LayerSpec::Conv2d(Conv2d {
        out_channels,
        kernel_size: kernel_size.into(),
        stride: stride.into(),
        padding: padding.into(),
        ..Conv2d::default()
    })
}

fn layers(run: &str) -> Vec<LayerSpec> {
    use LayerSpec::{Flatten, ReLU};
    let norm = LayerSpec::BatchNorm2d(BatchNorm2d::default());
    let pool = || LayerSpec::MaxPool2d(MaxPool2d::default());
    let linear = LayerSpec::Linear(Linear { out_features: 10, bias: true });
    match run {
        "small_sgd" | "small_adam" => {
            vec![conv(8, 3, 1, 1), ReLU, pool(), conv(16, 3, 1, 1), ReLU, pool(), Flatten, linear]
        }
        "strided_adam" => vec![
            conv(8, 5, 2, 2),
            ReLU,
            conv(16, 3, 2, 1),
            ReLU,
            conv(32, 3, 2, 1),
            ReLU,
            conv(10, 3, 2, 1),
            LayerSpec::AdaptiveAvgPool2d(AdaptiveAvgPool2d::default()),
            Flatten,
        ],
        "normed_sgd" => {
            let conv = Conv2d { out_channels: 8, padding: 1.into(), bias: false, ..Conv2d::default() };
            vec![LayerSpec::Conv2d(conv), norm, ReLU, pool(), Flatten, linear]
        }
        other => panic!("{other} is another network"),
    }
}

/// A training that PyTorch did.
struct Run<'a> {
    golden: GoldenCase<'a>,
    network: Network,
    optimiser: Optimiser,
    learning_rate: f32,
    batch: usize,
    n_steps: usize,
}

impl<'a> Run<'a> {
    fn new(golden: GoldenCase<'a>) -> Self {
        let layers = layers(golden.name);
        let model = ModelSpec { version: nn::model::VERSION, input: [1, 28, 28], layers };
        let number = |name: &str| golden.arguments[name].as_f64().expect("the run states it");
        let optimiser = match golden.arguments["optimiser"].as_str() {
            Some("SGD") => Optimiser::Sgd(Sgd { momentum: number("momentum") as f32, ..Sgd::default() }),
            Some("Adam") => Optimiser::adam(),
            other => panic!("{other:?} is another optimiser"),
        };
        Self {
            golden,
            network: Network::new(model, 10).unwrap(),
            optimiser,
            learning_rate: number("lr") as f32,
            batch: number("batch") as usize,
            n_steps: number("steps") as usize,
        }
    }

    /// A flat buffer of what is trained, put together from the tensors `prefix.PARAMETER`; the rest, which PyTorch's
    /// files of trainings leave out, is as at the start.
    fn flat(&self, layout: &ParameterLayout, prefix: &str) -> Vec<f32> {
        let mut flat = initial_parameters(layout, 0);
        for slot in layout.slots.iter().filter(|slot| slot.trainable) {
            let (shape, numbers) = self.golden.tensor(&format!("{prefix}.{}", slot.name));
            assert_eq!(shape, slot.shape);
            flat[slot.range()].copy_from_slice(&numbers);
        }
        flat
    }

    fn batch(&self, mnist: &Mnist, step: usize) -> (Vec<f32>, Vec<u32>) {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        let positions = (step * self.batch) as u32..((step + 1) * self.batch) as u32;
        data::batch::fill_batch(&mnist.images, &mnist.labels, positions, &mut pixels, &mut labels);
        (pixels, labels)
    }

    fn check(&self, backend: &str, gradients: &[f32], losses: &[f32], parameters: &[f32]) {
        let what = |what: &str| format!("{} on the {backend}: {what}", self.golden.name);
        let layout = self.network.layout();
        let trained = ..layout.trainable_len;
        let expected = self.flat(&layout, "grad");
        assert_close(&what("first gradients"), &gradients[trained], &expected[trained], Tolerance::SUMS);
        let tolerance = if self.golden.name == "strided_adam" { AFTER_A_TURNED_GATE } else { AFTER_STEPS };
        assert_close(&what("losses"), losses, &self.golden.tensor("losses").1, tolerance);
        let expected = self.flat(&layout, "final");
        assert_close(&what("weights"), &parameters[trained], &expected[trained], tolerance);
    }

    fn on_cpu(&self, mnist: &Mnist) {
        let update = self.optimiser.update();
        let plan = self.network.training_plan(self.batch, update).unwrap();
        let mut executor = cpu::Executor::new(&plan.layout.clone(), update.n_states());
        executor.set_parameters(&self.flat(&plan.layout, "init")).unwrap();
        let plan = executor.add(plan).unwrap();
        let (mut gradients, mut losses) = (Vec::new(), Vec::new());
        for step in 0..self.n_steps {
            let (pixels, labels) = self.batch(mnist, step);
            executor.write_input(plan, names::IMAGES, &pixels).unwrap();
            executor.write_input_u32(plan, names::LABELS, &labels).unwrap();
            executor.set_hyper(self.optimiser.hyper(self.learning_rate, step as u64 + 1));
            executor.run(plan);
            losses.push(executor.output(plan, names::LOSS).unwrap()[0]);
            if step == 0 {
                gradients = executor.gradients().to_vec();
            }
        }
        self.check("CPU", &gradients, &losses, executor.parameters());
    }

    /// PyTorch's own tensors, read from its file by their names.
    fn state_dict(&self, prefix: &str) -> StateDict {
        let prefix = format!("{}/{prefix}.", self.golden.name);
        let named = read_state_dict(TRAINING).unwrap().into_iter();
        named.filter_map(|(name, tensor)| Some((name.strip_prefix(&prefix)?.to_owned(), tensor))).collect()
    }

    /// The training as one writes it in PyTorch: modules, a loss, backward, an optimiser's step.
    fn with_modules(&self, mnist: &Mnist) {
        let model = Sequential::from_network(&self.network, 0).unwrap();
        // PyTorch's file leaves out what is not trained; it starts as it always does.
        let init: StateDict = self.state_dict("init").into_iter().chain(model.named_buffers()).collect();
        model.load_state_dict(&init).unwrap();
        let mut optimiser = Optim::new(model.parameters(), self.optimiser, self.learning_rate);
        let layout = self.network.layout();
        let flat = |of: &dyn Fn(&Tensor) -> Tensor| {
            let mut flat = vec![0.0; layout.len];
            let trained = layout.slots.iter().filter(|slot| slot.trainable);
            for (slot, parameter) in trained.zip(model.parameters()) {
                flat[slot.range()].copy_from_slice(&of(&parameter).to_vec::<f32>().unwrap());
            }
            flat
        };
        let (mut gradients, mut losses) = (Vec::new(), Vec::new());
        for step in 0..self.n_steps {
            let (pixels, labels) = self.batch(mnist, step);
            let images = Tensor::from_vec(pixels, [self.batch, 1, 28, 28]).unwrap();
            let labels = Tensor::from_vec(labels, [self.batch]).unwrap();
            optimiser.zero_grad();
            let logits = model.forward(&images).unwrap();
            let loss = functional::cross_entropy(&logits, &labels, 0.0, Reduction::Mean).unwrap();
            loss.backward().unwrap();
            losses.push(loss.item().unwrap() as f32);
            if step == 0 {
                gradients = flat(&|parameter| parameter.grad().expect("backward computed it"));
            }
            optimiser.step().unwrap();
        }
        self.check("modules", &gradients, &losses, &flat(&Tensor::detach));
    }

    async fn on_gpu(&self, mnist: &Mnist) {
        let Some(device) = open_gpu().await else { return };
        let update = self.optimiser.update();
        let plan = self.network.training_plan(self.batch, update).unwrap();
        let mut executor = gpu::Executor::new(&device, &plan.layout.clone(), update.n_states()).unwrap();
        executor.set_parameters(&self.flat(&plan.layout, "init")).unwrap();
        let plan = executor.add(plan).unwrap();
        let mut gradients = Vec::new();
        for step in 0..self.n_steps {
            let (pixels, labels) = self.batch(mnist, step);
            executor.write_input(plan, names::IMAGES, &pixels).unwrap();
            executor.write_input_u32(plan, names::LABELS, &labels).unwrap();
            executor.set_hyper(self.optimiser.hyper(self.learning_rate, step as u64 + 1));
            executor.run_recorded(plan).unwrap();
            if step == 0 {
                gradients = executor.gradients().await.unwrap();
            }
        }
        let recorded = executor.take_recorded().await.unwrap();
        let losses: Vec<f32> = recorded.iter().map(|[loss, _]| *loss).collect();
        self.check("GPU", &gradients, &losses, &executor.parameters().await.unwrap());
    }
}

fn retrace(run: &str) {
    let Some(mnist) = mnist() else { return };
    let golden = Golden::read(TRAINING);
    let run = Run::new(golden.case(run));
    run.on_cpu(&mnist);
    run.with_modules(&mnist);
    pollster::block_on(run.on_gpu(&mnist));
}

#[test]
fn sgd_retraces_the_small_network() {
    retrace("small_sgd");
}

#[test]
fn sgd_retraces_the_normalised_network() {
    retrace("normed_sgd");
}

#[test]
fn adam_retraces_the_small_network() {
    retrace("small_adam");
}

#[test]
fn adam_retraces_the_strided_network() {
    retrace("strided_adam");
}

//! Training from pictures that the GPU keeps is training from pictures that are uploaded.
#![allow(missing_docs, reason = "tests are named for what they say")]

use std::rc::Rc;

use data::batch::fill_batch;
use data::{Dataset, Images, LabelledImages};
use gpu::Device;
use nn::{ModelSpec, Network, TrainingOptions, names, presets};
use receptive_tests::{Tolerance, assert_close, gpu_tests};
use tensor::{PICKS, Pictures, cpu, packed};
use trainer::{Engine, Workers, pick};

gpu_tests!(
    kept_pictures_train_as_uploaded_ones,
    a_step_from_kept_pictures_uploads_little_and_makes_nothing,
    batches_are_gathered_alike_on_both_executors,
    pictures_that_do_not_fit_are_uploaded_and_the_engine_says_so,
);

const BATCH: usize = 8;

fn options() -> TrainingOptions {
    TrainingOptions { batch_size: BATCH, learning_rate: 0.05, ..TrainingOptions::default() }
}

fn engine(network: &Network, device: &Rc<Device>) -> Engine {
    let mut engine = Engine::new(network, &options(), &Workers::threads(1), Some(device)).unwrap();
    engine.set_parameters(&options().initialisation.parameters(network, 3)).unwrap();
    engine
}

fn digits(seed: u64, n: usize) -> Dataset {
    data::generated::digits(seed, n, 0)
}

/// All pixels of all pictures.
fn pixels(training: &LabelledImages) -> Vec<u8> {
    (0..training.images.n()).flat_map(|idx| training.images.get(idx).to_vec()).collect()
}

/// The pictures of a step, and how far they are moved.
fn batch(step: usize, n: usize) -> Vec<(u32, [isize; 2])> {
    let positions = (0..BATCH).map(|idx| ((step * 31 + idx * 17) % n) as u32);
    positions.zip(data::augment::moves(2, 5, step as u64)).collect()
}

fn picks(step: usize, n: usize) -> Vec<u32> {
    batch(step, n).into_iter().flat_map(|(position, move_by)| pick(position, move_by)).collect()
}

/// What the CPU makes of the same choice.
fn assembled(step: usize, training: &LabelledImages) -> (Vec<f32>, Vec<u32>) {
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    let positions = batch(step, training.labels.len()).into_iter().map(|(position, _)| position);
    fill_batch(&training.images, &training.labels, positions, &mut images, &mut labels);
    data::augment::shift(&mut images, 2, 5, step as u64);
    (images, labels)
}

async fn kept_pictures_train_as_uploaded_ones(device: Rc<Device>) {
    let network = Network::new(presets::model("s").unwrap(), 10).unwrap();
    let (mut keeping, mut uploading) = (engine(&network, &device), engine(&network, &device));
    // The second data set takes the first one's place, and has another size.
    for (seed, n, drawn) in [(1, 50, true), (2, 33, false)] {
        let mut training = digits(seed, n).training;
        if !drawn {
            training.images = Images::new(pixels(&training));
        }
        let kept = keeping.keep_pictures(&network, &options(), &training).unwrap();
        assert!(kept.unwrap().contains(&format!("all {n} training pictures")));
        assert!(keeping.keeps_pictures() && !uploading.keeps_pictures());
        for step in 0..10 {
            let hyper = options().hyper(step as u64, step as u64 + 1, 10);
            keeping.step_kept(&training.images, &picks(step, n), hyper).await.unwrap();
            let (images, labels) = assembled(step, &training);
            uploading.step(&images, &labels, hyper).await.unwrap();
        }
        let expected = uploading.take_metrics().await.unwrap();
        let received = keeping.take_metrics().await.unwrap();
        assert_eq!(received.len(), 10);
        assert_close("metrics", &received.concat(), &expected.concat(), Tolerance::SUMS);
        let expected = uploading.parameters().await.unwrap();
        assert_close("parameters", &keeping.parameters().await.unwrap(), &expected, Tolerance::SUMS);
    }
}

async fn a_step_from_kept_pictures_uploads_little_and_makes_nothing(device: Rc<Device>) {
    let network = Network::new(presets::model("s").unwrap(), 10).unwrap();
    let mut engine = engine(&network, &device);
    let training = digits(1, 40).training;
    engine.keep_pictures(&network, &options(), &training).unwrap();
    let step = async |engine: &mut Engine, step: usize| {
        let picks = picks(step, 40);
        assert!(4 * picks.len() <= 12 * BATCH, "bytes a step");
        let hyper = options().hyper(step as u64, step as u64 + 1, 5);
        engine.step_kept(&training.images, &picks, hyper).await.unwrap();
    };
    step(&mut engine, 0).await;
    engine.take_metrics().await.unwrap();
    let before = device.counts();
    for idx in 0..32 {
        step(&mut engine, idx).await;
    }
    let after = device.counts();
    let made = |counts: gpu::Counts| [counts.buffers, counts.bind_groups, counts.pipelines];
    assert_eq!(made(after), made(before));
    assert_eq!(after.submits - before.submits, 4);
    let n_dispatches = engine.dispatches_per_step().unwrap();
    assert!(n_dispatches <= 8, "{n_dispatches} dispatches a step, with the batch's own");
    assert_eq!(after.dispatches - before.dispatches, 32 * n_dispatches);
}

async fn batches_are_gathered_alike_on_both_executors(device: Rc<Device>) {
    let training = digits(4, 7).training;
    let labels: Vec<u32> = training.labels.iter().map(|&label| u32::from(label)).collect();
    // Moves by more than a picture's width leave nothing of it.
    let moves = [[0, 0], [27, -27], [-28, 0], [3, -1], [-2, 2], [100, 100], [0, 1], [-1, 0]];
    gathered_alike(&device, [1, 28, 28], &pixels(&training), &labels, moves).await;
    // Rows that begin anywhere in an element and are no whole number of them, without a black margin.
    for shape in [[2, 5, 7], [3, 4, 6], [1, 3, 37], [1, 5, 1]] {
        let n_pixels = 7 * shape.iter().product::<usize>();
        let noise: Vec<u8> = (0..n_pixels).map(|idx| (idx * idx * 31 + idx * 7 + 1) as u8).collect();
        let moves = [[0, 3], [0, 1], [0, -1], [1, -2], [-2, 2], [0, 5], [-1, 0], [0, 0]];
        gathered_alike(&device, shape, &noise, &labels, moves).await;
    }
}

/// That a linear classifier's gradients, each of which is a sum of one pixel's numbers, come out alike.
async fn gathered_alike(
    device: &Rc<Device>,
    shape: [usize; 3],
    pixels: &[u8],
    labels: &[u32],
    moves: [[isize; 2]; BATCH],
) {
    let model = ModelSpec { input: shape, ..presets::model("linear").unwrap() };
    let network = Network::new(model, 10).unwrap();
    let layout = network.layout();
    let n = labels.len();
    let plan = network.gradient_plan(BATCH, options().loss).unwrap();
    let pictures = Pictures { n, shape };
    let plan = plan.gathering(names::IMAGES, names::LABELS, pictures).unwrap();
    let mut cpu = cpu::Executor::new(&layout, 0);
    let mut gpu = gpu::Executor::new(device, &layout, 0).unwrap();
    let (on_cpu, on_gpu) = (cpu.add(plan.clone()).unwrap(), gpu.add(plan).unwrap());
    let parameters = options().initialisation.parameters(&network, 1);
    cpu.set_parameters(&parameters).unwrap();
    gpu.set_parameters(&parameters).unwrap();
    let picks: Vec<u32> = (0..).zip(moves).flat_map(|(idx, by)| pick(idx % n as u32, by)).collect();
    for (name, numbers) in [(names::IMAGES, packed(pixels)), (names::LABELS, labels.to_vec()), (PICKS, picks)]
    {
        cpu.write_input_u32(on_cpu, name, &numbers).unwrap();
        gpu.write_input_u32(on_gpu, name, &numbers).unwrap();
    }
    cpu.run(on_cpu);
    gpu.run(on_gpu).unwrap();
    let received = gpu.gradients().await.unwrap();
    assert!(received.iter().any(|gradient| *gradient != 0.0));
    assert_close(&format!("gradients of {shape:?}"), &received, cpu.gradients(), Tolerance::SUMS);
    let loss = gpu.read_output(on_gpu, names::LOSS).await.unwrap();
    assert_close("loss", &loss, cpu.output(on_cpu, names::LOSS).unwrap(), Tolerance::SUMS);
}

async fn pictures_that_do_not_fit_are_uploaded_and_the_engine_says_so(device: Rc<Device>) {
    let network = Network::new(presets::model("linear").unwrap(), 10).unwrap();
    let mut engine = engine(&network, &device);
    let training = digits(1, 20).training;
    engine.keep_pictures(&network, &options(), &training).unwrap();
    // More than four gigabytes, which is more than a buffer can have; nothing looks at the pixels.
    let many = LabelledImages { images: Images::new(Vec::new()), labels: vec![0; 6_000_000] };
    let said = engine.keep_pictures(&network, &options(), &many).unwrap().unwrap();
    assert!(said.contains("uploaded batch by batch") && said.contains("needs 4704000000"), "{said}");
    assert!(!engine.keeps_pictures());
    let (images, labels) = assembled(0, &training);
    engine.step(&images, &labels, options().hyper(0, 1, 1)).await.unwrap();
    assert!(engine.take_metrics().await.unwrap()[0][0].is_finite());
}

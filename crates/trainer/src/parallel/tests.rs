use std::pin::Pin;
use std::rc::Rc;

use nn::{Optimiser, TrainingOptions, initial_parameters, presets};
use pollster::block_on;

use super::*;
use crate::engine::Engine;
use crate::workers::Helpers;

const N_STEPS: u64 = 20;

/// The losses of twenty steps on generated digits, and the weights after them.
fn train(n_threads: usize, batch_size: usize, optimiser: Optimiser) -> (Vec<f32>, Vec<f32>) {
    train_network(presets::model("s").unwrap(), n_threads, batch_size, optimiser)
}

fn train_network(
    model: nn::ModelSpec,
    n_threads: usize,
    batch_size: usize,
    optimiser: Optimiser,
) -> (Vec<f32>, Vec<f32>) {
    let (losses, parameters, lost) = train_with(model, &Workers::threads(n_threads), batch_size, optimiser);
    assert_eq!(lost, []);
    (losses, parameters)
}

/// The losses, the weights, and the helpers that were lost on the way.
fn train_with(
    model: nn::ModelSpec,
    workers: &Workers,
    batch_size: usize,
    optimiser: Optimiser,
) -> (Vec<f32>, Vec<f32>, Vec<HelperLost>) {
    let network = Network::new(model, data::N_CLASSES).unwrap();
    let learning_rate = optimiser.usual_learning_rate();
    let options =
        TrainingOptions { optimiser, learning_rate, batch_size, seed: 3, ..TrainingOptions::default() };
    let mut engine = Engine::new(&network, &options, workers, None).unwrap();
    assert_eq!(engine.n_workers(), workers.n.min(batch_size));
    engine.set_parameters(&initial_parameters(engine.layout(), options.seed)).unwrap();
    for step in 0..N_STEPS {
        let (mut images, mut labels) = (Vec::new(), Vec::new());
        for idx in 0..batch_size as u64 {
            let (pixels, label) = data::generated::digit(3, step * batch_size as u64 + idx);
            images.extend(pixels.iter().map(|&pixel| f32::from(pixel) / 255.0));
            labels.push(u32::from(label));
        }
        let hyper = options.optimiser.hyper(options.learning_rate, step + 1);
        engine.set_random(options.seed, step);
        block_on(engine.step(&images, &labels, hyper)).unwrap();
    }
    let metrics = block_on(engine.take_metrics()).unwrap();
    assert!(metrics.iter().all(|[_, n_correct]| n_correct.fract() == 0.0));
    let lost = engine.take_lost();
    assert_eq!(engine.n_shards(), workers.n.min(batch_size));
    assert_eq!(engine.n_workers(), engine.n_shards() - lost.len());
    (metrics.iter().map(|[loss, _]| *loss).collect(), block_on(engine.parameters()).unwrap(), lost)
}

/// Threads of which the one at `faulty` stops after some steps.
struct Faulty {
    faulty: usize,
    n_steps: usize,
}

impl Helpers for Faulty {
    fn prepare(&self, n: usize) -> Pin<Box<dyn Future<Output = Result<(), String>>>> {
        Threads.prepare(n)
    }

    fn n_ready(&self) -> usize {
        Threads.n_ready()
    }

    fn engage(&self, helper_idx: usize, task: Task) -> Result<Box<dyn Helper>, NetworkError> {
        let thread = Threads.engage(helper_idx, task)?;
        let n_left = if helper_idx == self.faulty { self.n_steps } else { usize::MAX };
        Ok(Box::new(Mortal { thread, n_left }))
    }
}

struct Mortal {
    thread: Box<dyn Helper>,
    n_left: usize,
}

impl Helper for Mortal {
    fn begin(&mut self, parts: &[&[f32]], n_answer: usize) {
        self.thread.begin(parts, n_answer);
    }

    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<(), HelperLost>> {
        if self.n_left == 0 {
            return Poll::Ready(Err(HelperLost { message: "its time had come".into() }));
        }
        self.n_left -= 1;
        self.thread.poll_finish(context)
    }

    fn answer(&self) -> &[f32] {
        self.thread.answer()
    }
}

#[test]
fn a_worker_that_stops_changes_no_number() {
    let mut model = presets::model("s").unwrap();
    model.insert_layer(1, nn::LayerSpec::BatchNorm2d(nn::layers::BatchNorm2d::default()));
    model.insert_layer(3, nn::LayerSpec::Dropout(nn::layers::Dropout::default()));
    let expected = train_network(model.clone(), 3, 25, Optimiser::sgd());
    for (faulty, n_steps) in [(0, 0), (0, 7), (1, 19)] {
        let workers = Workers { n: 3, helpers: Rc::new(Faulty { faulty, n_steps }) };
        let (losses, parameters, lost) = train_with(model.clone(), &workers, 25, Optimiser::sgd());
        assert_eq!((losses, parameters), expected, "the helper {faulty} after {n_steps} steps");
        assert_eq!(lost, [HelperLost { message: "its time had come".into() }]);
    }
}

#[test]
fn shards_cover_the_batch_in_order_and_their_shares_sum_to_one() {
    for batch_size in [1, 2, 7, 16, 50, 64] {
        for n_wanted in [1, 2, 3, 5, 100] {
            let shards = Shards::new(batch_size, n_wanted);
            let mut end = 0;
            for shard_idx in 0..shards.n() {
                let range = shards.range(shard_idx, 3);
                assert_eq!((range.start, range.len()), (end, 3 * shards.len(shard_idx)));
                assert!(shards.len(shard_idx) >= batch_size / n_wanted.min(batch_size));
                end = range.end;
            }
            assert_eq!(end, 3 * batch_size, "{batch_size} in {n_wanted}");
            let shares: f32 = (0..shards.n()).map(|shard_idx| shards.share(shard_idx)).sum();
            assert!((shares - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn several_threads_learn_as_one_does() {
    // 50 is divisible by 2 and not by 3 or 4.
    for (batch_size, optimiser) in [(50, Optimiser::sgd()), (16, Optimiser::sgd()), (50, Optimiser::adam())] {
        let (losses, _) = train(1, batch_size, optimiser);
        assert!(losses[N_STEPS as usize - 1] < losses[0], "{losses:?}");
        for n_threads in [2, 3, 4] {
            let (others, _) = train(n_threads, batch_size, optimiser);
            for (step, (one, other)) in losses.iter().zip(&others).enumerate() {
                // Sums in another order differ in the last bits of float32, and twenty steps carry that on.
                assert!(
                    (one - other).abs() < 1e-3 * one.abs(),
                    "{n_threads} threads, {step}: {one}, {other}"
                );
            }
            assert!((losses[0] - others[0]).abs() < 1e-5, "the first step has the same weights");
        }
    }
}

#[test]
fn what_is_dropped_does_not_depend_on_the_number_of_threads() {
    let mut model = presets::model("s").unwrap();
    model.insert_layer(2, nn::LayerSpec::Dropout(nn::layers::Dropout::default()));
    let train = |n_threads| train_network(model.clone(), n_threads, 25, Optimiser::sgd()).0;
    let one = train(1);
    for n_threads in [2, 3] {
        for (step, (one, other)) in one.iter().zip(train(n_threads)).enumerate() {
            // As above: sums in another order.
            assert!((one - other).abs() < 1e-3 * one.abs(), "{n_threads} threads, {step}: {one}, {other}");
        }
    }
}

#[test]
fn the_running_statistics_are_the_first_shards() {
    let layers = vec![
        nn::LayerSpec::BatchNorm2d(nn::layers::BatchNorm2d { momentum: 1.0, ..Default::default() }),
        nn::LayerSpec::Flatten,
        nn::LayerSpec::Linear(nn::layers::Linear::default()),
    ];
    let model = nn::ModelSpec { version: nn::model::VERSION, input: [1, 28, 28], layers };
    let layout = Network::new(model.clone(), data::N_CLASSES).unwrap().layout();
    let slot = |name: &str| layout.slots.iter().find(|slot| slot.name == name).unwrap().range();
    let (_, parameters) = train_network(model, 2, 4, Optimiser::sgd());
    // With a momentum of 1 the last step's statistics are all that is left: pictures 76 and 77.
    let pixels: Vec<f64> = (76..78)
        .flat_map(|idx| data::generated::digit(3, idx).0)
        .map(|pixel| f64::from(pixel) / 255.0)
        .collect();
    let mean = pixels.iter().sum::<f64>() / 1568.0;
    let received = f64::from(parameters[slot("0.running_mean")][0]);
    assert!((received - mean).abs() < 1e-6, "{received} is not {mean}");
    assert_eq!(parameters[slot("0.num_batches_tracked")], [20.0]);
}

#[test]
fn as_many_threads_give_the_same_numbers_bit_for_bit() {
    for n_threads in [1, 2, 3] {
        assert_eq!(train(n_threads, 25, Optimiser::sgd()), train(n_threads, 25, Optimiser::sgd()));
    }
}

#[test]
fn more_threads_than_pictures_are_as_many_as_pictures() {
    train(5, 3, Optimiser::sgd());
}

#[test]
fn a_batch_of_another_size_is_refused() {
    let network = Network::new(presets::model("linear").unwrap(), data::N_CLASSES).unwrap();
    let options = TrainingOptions { batch_size: 4, ..TrainingOptions::default() };
    let mut engine = Engine::new(&network, &options, &Workers::threads(2), None).unwrap();
    let error = block_on(engine.step(&[0.0; 3 * 784], &[0; 3], tensor::Hyper::default())).unwrap_err();
    assert!(error.to_string().contains("images"), "{error}");
}

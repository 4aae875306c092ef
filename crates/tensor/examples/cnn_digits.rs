//! A convolutional network learns the built-in generated digits, eagerly.
//!
//! Run it with `cargo run --release -p receptive-tensor --example cnn_digits`.
#![allow(clippy::print_stdout, reason = "an example shows what it learned")]

use data::batch::fill_batch;
use data::{Dataset, LabelledImages};
use nn::functional::{Reduction, cross_entropy};
use nn::modules::{BatchNorm2d, Conv2d, Dropout, Flatten, Linear, MaxPool2d, Module, ReLU, Sequential};
use nn::optim::Optim;
use tensor::random::{Purpose, Stream};
use tensor::{DType, Tensor, TensorError, no_grad};

const N_TRAINING: usize = 3000;
const N_TEST: usize = 500;
const BATCH: usize = 50;
const N_EPOCHS: u64 = 4;

pub(crate) fn main() -> Result<(), TensorError> {
    let digits = data::generated::digits(0, N_TRAINING, N_TEST);

    let mut stream = Stream::new(0, Purpose::Eager, 0);
    let model = Sequential::new()
        .then(Conv2d::new(1, 8, 3, &mut stream)?.padding(1).without_bias())
        .then(BatchNorm2d::new(8)?)
        .then(ReLU)
        .then(MaxPool2d::new(2)) // [batch, 8, 14, 14]
        .then(Conv2d::new(8, 16, 3, &mut stream)?.padding(1))
        .then(ReLU)
        .then(MaxPool2d::new(2)) // [batch, 16, 7, 7]
        .then(Flatten::default())
        .then(Dropout::new(0.2, Stream::new(0, Purpose::Eager, 1))?)
        .then(Linear::new(16 * 7 * 7, 10, &mut stream)?);
    println!("{model}\n{} parameters", model.n_parameters());

    let mut optimiser = Optim::adam(model.parameters(), 0.005);
    for epoch in 0..N_EPOCHS {
        model.train();
        let order = Stream::new(0, Purpose::BatchOrder, epoch).permutation(N_TRAINING);
        let mut losses = Vec::new();
        for positions in order.chunks_exact(BATCH) {
            let (images, labels) = batch(&digits.training, positions)?;
            optimiser.zero_grad();
            let loss = cross_entropy(&model.forward(&images)?, &labels, 0.0, Reduction::Mean)?;
            loss.backward()?;
            optimiser.step()?;
            losses.push(loss.item()?);
        }
        let mean = losses.iter().sum::<f64>() / losses.len() as f64;
        println!("epoch {epoch}: loss {mean:.4}, accuracy {:.1} %", 100.0 * accuracy(&model, &digits)?);
    }

    let accuracy = accuracy(&model, &digits)?;
    assert!(accuracy > 0.85, "some of the digits are hard, but not so many that only {accuracy} are right");
    Ok(())
}

/// Images `[batch, 1, 28, 28]` and labels `[batch]`.
fn batch(digits: &LabelledImages, positions: &[u32]) -> Result<(Tensor, Tensor), TensorError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    fill_batch(&digits.images, &digits.labels, positions.iter().copied(), &mut pixels, &mut labels);
    let n = labels.len();
    Ok((Tensor::from_vec(pixels, [n, 1, 28, 28])?, Tensor::from_vec(labels, [n])?))
}

/// The share of the test digits that the network names rightly.
fn accuracy(model: &Sequential, digits: &Dataset) -> Result<f64, TensorError> {
    model.eval();
    let positions: Vec<u32> = (0..N_TEST as u32).collect();
    let (images, labels) = batch(&digits.test, &positions)?;
    let logits = no_grad(|| model.forward(&images))?;
    logits.argmax(1, false)?.eq(labels)?.to(DType::F32)?.mean(.., false)?.item()
}

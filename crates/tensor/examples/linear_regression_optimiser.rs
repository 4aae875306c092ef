//! Linear regression with a module, a loss and an optimiser, as one writes it in PyTorch: the same sine as in
//! `linear_regression`, where each of these is written out.
//!
//! Run it with `cargo run --release -p receptive-tensor --example linear_regression_optimiser`.
#![allow(clippy::print_stdout, reason = "an example shows what it learned")]

use nn::functional::{Reduction, mse_loss};
use nn::modules::{Linear, Module};
use nn::optim::Optim;
use tensor::random::{Purpose, Stream};
use tensor::{Tensor, TensorError};

const N_STEPS: usize = 1000;

pub(crate) fn main() -> Result<(), TensorError> {
    // 200 points of a sine, and the powers of x as features: x, x², x³.
    let x = Tensor::linspace(-3.0, 3.0, 200);
    let y = x.sin()?.unsqueeze(1)?; // [200, 1]
    let features = Tensor::stack(&[&x, &x.square()?, &x.pow(3.0)?], 1)?; // [200, 3]

    let model = Linear::new(3, 1, &mut Stream::new(0, Purpose::Eager, 0))?;
    let mut optimiser = Optim::adam(model.parameters(), 0.05);
    for step in 0..=N_STEPS {
        optimiser.zero_grad();
        let loss = mse_loss(&model.forward(&features)?, &y, Reduction::Mean)?;
        loss.backward()?;
        optimiser.step()?;
        if step % 200 == 0 {
            println!("step {step:4}: loss {:.5}", loss.item()?);
        }
    }

    for (name, parameter) in model.named_parameters() {
        println!("{name}: {}", parameter.detach());
    }
    let loss = mse_loss(&model.forward(&features)?, &y, Reduction::Mean)?.item()?;
    assert!(loss < 0.005, "the best polynomial of third degree is off by 0.0045 in the mean, not by {loss}");
    Ok(())
}

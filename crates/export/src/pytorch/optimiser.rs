//! Optimisers as `torch.optim`'s.

use nn::Optimiser;

use super::source::{boolean, call, number};

/// Where the statement begins: in a function.
const INDENT: usize = 4;

/// The statement that returns the optimiser, with all its arguments.
pub fn statement(optimiser: &Optimiser, learning_rate: f32) -> String {
    let mut arguments = vec!["model.parameters()".to_owned(), format!("lr={}", number(learning_rate))];
    let weight_decay = match optimiser {
        Optimiser::Sgd { momentum, nesterov, weight_decay } => {
            arguments.push(format!("momentum={}", number(*momentum)));
            // PyTorch refuses Nesterov without momentum, where it changes nothing.
            if *nesterov && *momentum > 0.0 {
                arguments.push(format!("nesterov={}", boolean(true)));
            }
            weight_decay
        }
        Optimiser::Adam { betas: [beta1, beta2], eps, weight_decay } => {
            arguments.push(format!("betas=({}, {})", number(*beta1), number(*beta2)));
            arguments.push(format!("eps={}", number(*eps)));
            weight_decay
        }
    };
    if *weight_decay != 0.0 {
        arguments.push(format!("weight_decay={}", number(*weight_decay)));
    }
    call(&format!("return torch.optim.{}", optimiser.name()), &arguments, INDENT, "", "")
}

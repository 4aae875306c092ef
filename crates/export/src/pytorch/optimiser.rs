//! Optimisers as `torch.optim`'s.

use nn::Optimiser;

use super::source::{boolean, call, number};

/// Where the statement begins: in a function.
const INDENT: usize = 4;

/// The statement that returns the optimiser, with the arguments that are not PyTorch's defaults, and the momentum always.
pub fn statement(optimiser: &Optimiser, learning_rate: f32) -> String {
    let mut arguments = vec!["model.parameters()".to_owned(), format!("lr={}", number(learning_rate))];
    let mut given = *optimiser;
    let mut usual = Optimiser::all().into_iter().find(|usual| usual.name() == optimiser.name());
    let usual = usual.as_mut().map(Optimiser::numbers_mut).unwrap_or_default();
    let mut betas = Vec::new();
    let mut has_unusual_beta = false;
    for ((name, value), (_, usual)) in given.numbers_mut().into_iter().zip(usual) {
        if name.starts_with("betas") {
            betas.push(number(*value));
            has_unusual_beta |= value != usual;
        } else if name == "momentum" || value != usual {
            arguments.push(format!("{name}={}", number(*value)));
        }
    }
    if has_unusual_beta {
        arguments.insert(2, format!("betas=({})", betas.join(", ")));
    }
    // PyTorch refuses Nesterov's rule without momentum, where it changes nothing.
    let is_idle = matches!(optimiser, Optimiser::Sgd(sgd) if sgd.momentum == 0.0);
    if let Some((name, true)) = given.switch_mut().map(|(name, on)| (name, *on && !is_idle)) {
        arguments.push(format!("{name}={}", boolean(true)));
    }
    call(&format!("return torch.optim.{}", optimiser.name()), &arguments, INDENT, "", "")
}

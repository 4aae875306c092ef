//! A network as a Python program that trains it with [PyTorch](https://pytorch.org), alone or on many machines.
//!
//! `script.py` is that program but for a few names, such as `__LAYERS__`, in whose place this crate writes what the network
//! and its training options say.

mod initialisation;
mod layer;
mod objective;
mod optimiser;
mod schedule;
mod source;

use nn::{Initialisation, LayerSpec, Network, TrainingOptions};

use crate::ExportError;
use source::string;

const SCRIPT: &str = include_str!("script.py");
/// What a script has besides, where `nn.Sequential` is not enough.
const RESIDUAL: &str = include_str!("residual.py");

/// The script. It reads its first weights from `weights_file`, if a file of that name lies beside it: one that
/// [`nn::state_dict::save`] wrote. Without one, or told so by `--fresh`, it draws them as the options say.
///
/// The weights it draws, the batch order and the validation split come from PyTorch's random numbers, so its runs are not this project's, number
/// by number; the network, the options and the shape of a run are.
///
/// ```
/// let network = nn::Network::new(nn::presets::model("s").unwrap(), 10)?;
/// let script = export::pytorch::script(&network, &nn::TrainingOptions::default(), "s.safetensors")?;
/// assert!(script.contains("nn.Conv2d(1, 8, kernel_size=3, padding=1),  # 8 x 28 x 28"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ExportError::NotMnist`] where the network is for other pictures than those that the script trains on,
/// [`ExportError::WarmUp`] where PyTorch cannot put the warm-up before the schedule.
pub fn script(
    network: &Network,
    options: &TrainingOptions,
    weights_file: &str,
) -> Result<String, ExportError> {
    let (input, n_classes) = (network.model().input, network.n_classes());
    if input != [1, 28, 28] || n_classes != 10 {
        return Err(ExportError::NotMnist { input, n_classes });
    }
    let has_residual = network.model().layers.iter().any(|layer| matches!(layer, LayerSpec::Residual(_)));
    let filled = [
        ("__FUNCTIONS__", objective::functions(options)),
        ("__WEIGHTS__", string(weights_file)),
        ("__BATCH_SIZE__", options.batch_size.to_string()),
        ("__SEED__", options.seed.to_string()),
        ("__CLASSES__", if has_residual { format!("\n\n{}", RESIDUAL.trim_end()) } else { String::new() }),
        ("__SEQUENTIAL__", if has_residual { "Network" } else { "nn.Sequential" }.to_owned()),
        ("__LAYERS__", layer::lines(network)),
        ("__DRAW_WEIGHTS__", initialisation::function(&network.model().layers, options.initialisation)),
        ("__LOSS__", objective::loss(&options.loss)),
        ("__OPTIMIZER__", optimiser::statement(&options.optimiser, options.learning_rate)),
        ("__SCHEDULER__", schedule::statements(options)?),
        ("__AUGMENT__", objective::augment(options)),
        ("__IMAGES__", if options.augment.shift > 0 { "moved(images)" } else { "images" }.to_owned()),
        ("__PENALTIES__", objective::penalties(options)),
        ("__EPOCHS__", format!("{}", options.epochs.ceil())),
        (
            "__DRAW__",
            if options.initialisation == Initialisation::Default { "" } else { "draw_weights(model)" }
                .to_owned(),
        ),
        ("__FREEZE__", objective::freeze(options)),
    ];
    // What is written is not searched again: a file may be called __SEED__.
    let mut script = String::with_capacity(SCRIPT.len() + 1024);
    let mut rest = SCRIPT;
    for (name, value) in &filled {
        let (before, after) = rest.split_once(name).expect("the script has each name once, in this order");
        script.push_str(before);
        script.push_str(value);
        rest = after;
        // A line that stays empty goes.
        if value.is_empty() && rest.starts_with('\n') {
            script.truncate(script.trim_end_matches(' ').len());
            rest = &rest[1..];
        }
    }
    script.push_str(rest);
    Ok(script)
}

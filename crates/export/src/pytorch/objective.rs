//! What a step makes small, and what happens to gradients and pictures on the way.

use nn::TrainingOptions;
use nn::loss::{CrossEntropyLoss, Loss};

use super::source::number;

/// The statements that return the loss, in a function.
pub fn loss(loss: &Loss) -> String {
    match loss {
        Loss::CrossEntropyLoss(CrossEntropyLoss { label_smoothing }) => {
            let smoothing =
                (*label_smoothing != 0.0).then(|| format!("label_smoothing={}", number(*label_smoothing)));
            format!("return nn.CrossEntropyLoss({})", smoothing.unwrap_or_default())
        }
        Loss::NLLLoss => "return nn.NLLLoss()".to_owned(),
        Loss::MSELoss | Loss::L1Loss | Loss::SmoothL1Loss | Loss::BCEWithLogitsLoss => format!(
            "compare = nn.{}()\n    return lambda output, labels: compare(\n        output, one_hot(labels, 10).float()\n    )",
            loss.name()
        ),
    }
}

/// The import of functions that the statements use; nothing where they use none.
pub fn functions(options: &TrainingOptions) -> String {
    let compares = !matches!(options.loss, Loss::CrossEntropyLoss(_) | Loss::NLLLoss);
    let used = [("one_hot", compares), ("pad", options.augment.shift > 0)];
    let used: Vec<&str> = used.into_iter().filter(|(_, used)| *used).map(|(name, _)| name).collect();
    if used.is_empty() {
        String::new()
    } else {
        format!("from torch.nn.functional import {}", used.join(", "))
    }
}

/// The statements that change gradients before the optimiser's step, in a loop of a function.
pub fn penalties(options: &TrainingOptions) -> String {
    let mut lines = Vec::new();
    if let Some(norm) = options.clip_grad_norm {
        lines.push(format!("nn.utils.clip_grad_norm_(model.parameters(), {})", number(norm)));
    }
    if options.l1 != 0.0 {
        lines.push("for parameter in model.parameters():".to_owned());
        lines.push("    if parameter.grad is not None:".to_owned());
        lines.push(format!("        parameter.grad += {} * parameter.detach().sign()", number(options.l1)));
    }
    lines.join("\n        ")
}

/// The statements that keep layers as they are, in a function.
pub fn freeze(options: &TrainingOptions) -> String {
    if options.frozen.is_empty() {
        return String::new();
    }
    let mut frozen = options.frozen.clone();
    frozen.sort_unstable();
    frozen.dedup();
    let positions: Vec<String> = frozen.iter().map(usize::to_string).collect();
    format!("for frozen in [{}]:\n        model[frozen].requires_grad_(False)", positions.join(", "))
}

/// The function that changes training pictures; nothing where they stay as they are.
pub fn augment(options: &TrainingOptions) -> String {
    let shift = options.augment.shift;
    if shift == 0 {
        return String::new();
    }
    format!(
        r#"def moved(images):
    """Moves each picture by up to {shift} pixels in each direction."""
    padded = pad(images, [{shift}, {shift}, {shift}, {shift}])
    starts = torch.randint({}, (len(images), 2)).tolist()
    return torch.stack(
        [
            image[:, row : row + 28, column : column + 28]
            for image, (row, column) in zip(padded, starts)
        ]
    )

"#,
        2 * shift + 1
    )
}

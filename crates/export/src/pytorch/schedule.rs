//! Schedules as `torch.optim.lr_scheduler`'s, which are told of every step.

use nn::TrainingOptions;
use nn::schedule::{CosineAnnealingLR, CyclicLR, ExponentialLR, OneCycleLR, Schedule, StepLR};

use super::source::{boolean, call, number};
use crate::ExportError;

/// Where the statements begin: in a function.
const INDENT: usize = 4;

/// The statements that return the schedule.
///
/// # Errors
/// [`ExportError::WarmUp`] where PyTorch's schedule would not follow one.
pub fn statements(options: &TrainingOptions) -> Result<String, ExportError> {
    let schedule = &options.schedule;
    let warmup = options.warmup;
    if warmup.epochs == 0.0 {
        return Ok(after("return", options));
    }
    // These two set the rate that a rise before them would start from.
    if matches!(schedule, Schedule::CyclicLR(_) | Schedule::OneCycleLR(_)) {
        return Err(ExportError::WarmUp { schedule: schedule.name() });
    }
    let rise = [
        "optimizer".to_owned(),
        format!("start_factor={}", number(warmup.start_factor)),
        "total_iters=n_rising".to_owned(),
    ];
    let both = ["optimizer", "[rise, schedule]", "milestones=[n_rising]"].map(str::to_owned);
    let lines = [
        format!("n_rising = {}", steps(warmup.epochs)),
        "n_steps = max(1, n_steps - n_rising)".to_owned(),
        call("rise = lr_scheduler.LinearLR", &rise, INDENT, "", ""),
        after("schedule =", options),
        call("return lr_scheduler.SequentialLR", &both, INDENT, "", ""),
    ];
    Ok(lines.join(&format!("\n{}", " ".repeat(INDENT))))
}

/// The statement that makes what comes after a rise.
fn after(start: &str, options: &TrainingOptions) -> String {
    let mut arguments = vec!["optimizer".to_owned()];
    let mut add = |name: &str, value: String| arguments.push(format!("{name}={value}"));
    let max_lr = number(options.learning_rate);
    let class = match &options.schedule {
        Schedule::Constant => {
            add("factor", number(1.0));
            "ConstantLR"
        }
        Schedule::StepLR(StepLR { step_size, gamma }) => {
            add("step_size", steps(*step_size));
            add("gamma", number(*gamma));
            "StepLR"
        }
        Schedule::ExponentialLR(ExponentialLR { gamma }) => {
            add("gamma", format!("{} ** (1 / steps_per_epoch)", number(*gamma)));
            "ExponentialLR"
        }
        Schedule::CosineAnnealingLR(CosineAnnealingLR { eta_min }) => {
            add("T_max", "n_steps".to_owned());
            add("eta_min", number(*eta_min));
            "CosineAnnealingLR"
        }
        Schedule::CyclicLR(cyclic) => {
            let CyclicLR { base_lr, step_size_up, step_size_down, .. } = *cyclic;
            add("base_lr", number(base_lr));
            add("max_lr", max_lr);
            add("step_size_up", steps(step_size_up));
            add("step_size_down", steps(step_size_down.unwrap_or(step_size_up)));
            add("cycle_momentum", boolean(cyclic.cycle_momentum).to_owned());
            add("base_momentum", number(cyclic.base_momentum));
            add("max_momentum", number(cyclic.max_momentum));
            "CyclicLR"
        }
        Schedule::OneCycleLR(one_cycle) => {
            let OneCycleLR { pct_start, div_factor, final_div_factor, .. } = *one_cycle;
            add("max_lr", max_lr);
            add("total_steps", "n_steps".to_owned());
            add("pct_start", number(pct_start));
            add("div_factor", number(div_factor));
            add("final_div_factor", number(final_div_factor));
            add("cycle_momentum", boolean(one_cycle.cycle_momentum).to_owned());
            add("base_momentum", number(one_cycle.base_momentum));
            add("max_momentum", number(one_cycle.max_momentum));
            "OneCycleLR"
        }
    };
    call(&format!("{start} lr_scheduler.{class}"), &arguments, INDENT, "", "")
}

/// A duration in whole steps, at least one.
fn steps(epochs: f64) -> String {
    format!("max(1, int({} * steps_per_epoch + 0.5))", number(epochs))
}

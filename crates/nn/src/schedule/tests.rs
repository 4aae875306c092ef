use safetensors::SafeTensors;
use serde_json::Value;

use super::*;

/// PyTorch's learning rates and momenta, computed in 64 bits and rounded once to 32.
struct Golden {
    name: String,
    arguments: Value,
    learning_rates: Vec<f32>,
    momenta: Vec<f32>,
}

fn golden() -> Vec<Golden> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/schedules.safetensors");
    let bytes = std::fs::read(path).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |name: String| -> Vec<f32> {
        let words = file.tensor(&name).unwrap().data().as_chunks().0;
        words.iter().map(|word| f32::from_le_bytes(*word)).collect()
    };
    let cases = header.metadata().as_ref().unwrap().iter();
    cases
        .map(|(name, text)| Golden {
            name: name.clone(),
            arguments: serde_json::from_str(text).unwrap(),
            learning_rates: numbers(format!("{name}/lr")),
            momenta: numbers(format!("{name}/momentum")),
        })
        .collect()
}

/// The case's schedule, with one step an epoch.
fn schedule(golden: &Golden) -> (Schedule, Timeline) {
    let number = |name: &str| golden.arguments[name].as_f64().unwrap();
    let mut timeline = Timeline {
        learning_rate: golden
            .arguments
            .get("lr")
            .or(golden.arguments.get("max_lr"))
            .unwrap()
            .as_f64()
            .unwrap(),
        epochs: golden.learning_rates.len() as f64,
        steps_per_epoch: 1,
        warmup: Warmup::default(),
    };
    let schedule = match golden.name.as_str() {
        "one_cycle" => Schedule::OneCycleLR(OneCycleLR {
            pct_start: number("pct_start"),
            div_factor: number("div_factor"),
            final_div_factor: number("final_div_factor"),
            cycle_momentum: true,
            base_momentum: number("base_momentum"),
            max_momentum: number("max_momentum"),
        }),
        "cosine_annealing" => Schedule::CosineAnnealingLR(CosineAnnealingLR { eta_min: number("eta_min") }),
        "step" => Schedule::StepLR(StepLR { step_size: number("step_size"), gamma: number("gamma") }),
        "exponential" => Schedule::ExponentialLR(ExponentialLR { gamma: number("gamma") }),
        "cyclic_triangular" => Schedule::CyclicLR(CyclicLR {
            base_lr: number("base_lr"),
            step_size_up: number("step_size_up"),
            step_size_down: None,
            cycle_momentum: true,
            base_momentum: number("base_momentum"),
            max_momentum: number("max_momentum"),
        }),
        "linear_warmup" => {
            assert_eq!(golden.arguments["end_factor"], 1.0);
            timeline.warmup = Warmup { epochs: number("total_iters"), start_factor: number("start_factor") };
            Schedule::Constant
        }
        other => panic!("{other} is another schedule"),
    };
    (schedule, timeline)
}

#[test]
fn every_schedule_gives_pytorchs_rates_and_momenta() {
    let cases = golden();
    assert_eq!(cases.len(), 6);
    for golden in cases {
        let (schedule, timeline) = schedule(&golden);
        for (step, (lr, momentum)) in golden.learning_rates.iter().zip(&golden.momenta).enumerate() {
            let scheduled = schedule.at(step as u64, &timeline);
            // The file holds 32 bits.
            let close = |a: f64, b: f32| (a - f64::from(b)).abs() <= 6e-8 * f64::from(b);
            let what =
                format!("{} at step {step}: {scheduled:?}, but PyTorch has {lr} and {momentum}", golden.name);
            assert!(close(scheduled.learning_rate, *lr), "{what}");
            assert!(close(scheduled.momentum.unwrap_or(0.9), *momentum), "{what}");
        }
    }
}

fn timeline(warmup: f64) -> Timeline {
    let warmup = Warmup { epochs: warmup, start_factor: 0.2 };
    Timeline { learning_rate: 0.1, epochs: 3.0, steps_per_epoch: 100, warmup }
}

#[test]
fn a_warm_up_comes_before_the_schedule_which_has_the_rest_of_the_run() {
    let cosine = Schedule::CosineAnnealingLR(CosineAnnealingLR { eta_min: 0.0 });
    let at = |step| cosine.at(step, &timeline(1.0)).learning_rate;
    assert!((at(0) - 0.02).abs() < 1e-12 && (at(50) - 0.06).abs() < 1e-12);
    assert!((at(100) - 0.1).abs() < 1e-12);
    assert!((at(200) - 0.05).abs() < 1e-12, "half of what is left");
    assert!(at(300).abs() < 1e-12);
}

#[test]
fn after_its_end_a_schedule_keeps_its_last_rate() {
    for schedule in Schedule::all().into_iter().filter(Schedule::has_end) {
        let last = schedule.at(300, &timeline(0.0));
        assert_eq!(schedule.at(5000, &timeline(0.0)), last, "{}", schedule.name());
        assert!(last.learning_rate < 1e-4, "{}", schedule.name());
    }
}

#[test]
fn a_rise_of_less_than_a_step_ends_before_the_first_as_in_pytorch() {
    let schedule = Schedule::OneCycleLR(OneCycleLR { pct_start: 1e-4, ..OneCycleLR::default() });
    let timeline =
        Timeline { learning_rate: 0.3, epochs: 7.0, steps_per_epoch: 1, warmup: Warmup::default() };
    // What PyTorch's OneCycleLR with total_steps=7 gives.
    for (step, rate, momentum) in
        [(0, 0.285_162_911_8, 0.854_945_715_9), (1, 0.243_550_012_7, 0.868_816_737_7), (6, 1.2e-6, 0.95)]
    {
        let scheduled = schedule.at(step, &timeline);
        assert!((scheduled.learning_rate - rate).abs() < 1e-10, "{scheduled:?}");
        assert!((scheduled.momentum.unwrap() - momentum).abs() < 1e-10, "{scheduled:?}");
    }
}

#[test]
fn extreme_arguments_give_finite_rates() {
    let one_cycle = |pct_start| Schedule::OneCycleLR(OneCycleLR { pct_start, ..OneCycleLR::default() });
    let cyclic = Schedule::CyclicLR(CyclicLR { step_size_up: 0.0, ..CyclicLR::default() });
    let step = Schedule::StepLR(StepLR { step_size: 0.0, gamma: 0.5 });
    for schedule in [one_cycle(0.0), one_cycle(1.0), cyclic, step] {
        for epochs in [0.0, 0.01, 1.0] {
            let timeline = Timeline { epochs, ..timeline(0.5) };
            for at in [0, 1, 49, 50, 51, 99, 100, 101, 1 << 40] {
                let Scheduled { learning_rate, momentum } = schedule.at(at, &timeline);
                assert!((0.0..=0.1).contains(&learning_rate), "{schedule:?} at {at}: {learning_rate}");
                assert!(momentum.is_none_or(|momentum| (0.8..=0.95).contains(&momentum)));
            }
        }
    }
}

#[test]
fn json_names_a_schedule_and_leaves_out_what_is_usual() {
    let read = |text| serde_json::from_str::<Schedule>(text);
    assert_eq!(read(r#"{"type":"OneCycleLR"}"#).unwrap(), Schedule::OneCycleLR(OneCycleLR::default()));
    let expected = Schedule::StepLR(StepLR { step_size: 2.0, gamma: 0.1 });
    assert_eq!(read(r#"{"type":"StepLR","step_size":2}"#).unwrap(), expected);
    assert!(read(r#"{"type":"StepLR","stepsize":2}"#).is_err());
}

use super::*;
use crate::schedule::{CyclicLR, OneCycleLR, StepLR};

#[test]
fn options_from_before_there_were_schedules_are_still_read() {
    let text = r#"{"optimiser":{"type":"SGD","momentum":0.9,"nesterov":false,"weight_decay":0.0},
        "learning_rate":0.05,"batch_size":64,"seed":0}"#;
    assert_eq!(serde_json::from_str::<TrainingOptions>(text).unwrap(), TrainingOptions::default());
}

#[test]
fn options_survive_json() {
    for schedule in Schedule::all() {
        let options = TrainingOptions { schedule, epochs: 2.5, ..TrainingOptions::default() };
        let text = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<TrainingOptions>(&text).unwrap(), options);
        options.check().unwrap();
    }
}

fn refused(change: impl FnOnce(&mut TrainingOptions), option: &str) {
    let mut options = TrainingOptions::default();
    change(&mut options);
    assert_eq!(options.check().unwrap_err().option, option);
}

#[test]
fn schedules_out_of_range_are_refused_by_name() {
    refused(|o| o.epochs = 0.0, "epochs");
    refused(|o| o.warmup.epochs = -1.0, "warmup.epochs");
    refused(|o| o.warmup.start_factor = 2.0, "warmup.start_factor");
    refused(|o| o.schedule = Schedule::StepLR(StepLR { step_size: 0.0, gamma: 0.1 }), "schedule.step_size");
    refused(|o| o.schedule = Schedule::StepLR(StepLR { step_size: 1.0, gamma: f64::NAN }), "schedule.gamma");
    let one_cycle = |change: fn(&mut OneCycleLR)| {
        let mut one_cycle = OneCycleLR::default();
        change(&mut one_cycle);
        move |o: &mut TrainingOptions| o.schedule = Schedule::OneCycleLR(one_cycle)
    };
    refused(one_cycle(|s| s.pct_start = 1.5), "schedule.pct_start");
    refused(one_cycle(|s| s.div_factor = 0.0), "schedule.div_factor");
    refused(one_cycle(|s| s.max_momentum = 1.0), "schedule.max_momentum");
    let cyclic = CyclicLR { step_size_down: Some(-1.0), ..CyclicLR::default() };
    refused(|o| o.schedule = Schedule::CyclicLR(cyclic), "schedule.step_size_down");
}

#[test]
fn the_momentum_that_a_schedule_sets_is_the_one_that_the_optimiser_reads() {
    let schedule = Schedule::OneCycleLR(OneCycleLR::default());
    for optimiser in [Optimiser::sgd(), Optimiser::adam()] {
        let options = TrainingOptions { optimiser, schedule: schedule.clone(), ..TrainingOptions::default() };
        let hyper = options.hyper(0, 1, 100);
        assert_eq!(hyper.beta1, 0.95);
        let at_the_top = options.hyper(89, 90, 100);
        assert_eq!(at_the_top.beta1, 0.85);
    }
    assert_eq!(TrainingOptions::default().hyper(0, 1, 100).beta1, 0.9);
}

//! What training options do to a run, and what changing them on the way keeps.

use super::*;

fn parameters(session: &Session, name: &str) -> Vec<f32> {
    let flat = block_on(session.engine.parameters()).unwrap();
    let slot = session.engine.layout().slots.iter().find(|slot| slot.name == name).unwrap();
    flat[slot.range()].to_vec()
}

fn change(session: &mut Session, change: impl FnOnce(&mut TrainingOptions)) -> Result<Reply, String> {
    let mut options = session.options.clone();
    change(&mut options);
    ask(session, Command::SetOptions { options }).0
}

#[test]
fn a_frozen_layer_keeps_its_weights_whatever_else_is_trained() {
    for optimiser in nn::Optimiser::all() {
        for n_threads in [1, 2] {
            let mut session = session();
            block_on(session.set_workers(Some(n_threads))).unwrap();
            train(&mut session, 3);
            let weights = ["0.weight", "0.bias", "3.weight", "7.bias"];
            let before = weights.map(|name| parameters(&session, name));
            change(&mut session, |o| {
                o.frozen = vec![0];
                o.optimiser = optimiser;
                o.l1 = 0.01;
                *o.optimiser.numbers_mut().pop().unwrap().1 = 0.1;
            })
            .unwrap();
            assert!(session.options.optimiser.weight_decay() > 0.0);
            assert_eq!(weights.map(|name| parameters(&session, name)), before, "freezing loses nothing");
            train(&mut session, 3);
            let after = weights.map(|name| parameters(&session, name));
            assert_eq!(after[..2], before[..2], "{optimiser:?}");
            assert!(after[2] != before[2] && after[3] != before[3], "{optimiser:?}");
            change(&mut session, |o| o.frozen.clear()).unwrap();
            assert_eq!(weights.map(|name| parameters(&session, name)), after, "thawing loses nothing");
            train(&mut session, 1);
            assert_ne!(parameters(&session, "0.weight"), after[0]);
        }
    }
}

#[test]
fn freezing_moves_the_momentum_with_the_weights() {
    let run = |freeze_between: bool| {
        let mut session = session();
        train(&mut session, 5);
        if freeze_between {
            change(&mut session, |o| o.frozen = vec![7]).unwrap();
            change(&mut session, |o| o.frozen.clear()).unwrap();
        }
        train(&mut session, 5);
        // The last layer was thawed with an empty momentum; this one lost nothing on the way.
        block_on(session.engine.states()).unwrap()[0][session.engine.layout().slots[0].range()].to_vec()
    };
    let (with, without) = (run(true), run(false));
    let largest = without.iter().fold(0.0_f32, |a, v| a.max(v.abs()));
    let distance = with.iter().zip(&without).fold(0.0_f32, |a, (x, y)| a.max((x - y).abs()));
    assert!(distance < 0.3 * largest, "{distance} of {largest}");
}

#[test]
fn a_loss_changed_on_the_way_keeps_weights_and_moments_and_measures_itself() {
    let mut session = session();
    train(&mut session, 5);
    let (weights, states) = (parameters(&session, "7.weight"), block_on(session.engine.states()).unwrap());
    for loss in nn::Loss::all() {
        let result = change(&mut session, |o| o.loss = loss);
        if loss == nn::Loss::NLLLoss {
            assert!(result.unwrap_err().contains("LogSoftmax"));
            assert_ne!(session.options.loss, loss, "what is refused changes nothing");
            continue;
        }
        result.unwrap();
        assert_eq!(parameters(&session, "7.weight"), weights);
        assert_eq!(block_on(session.engine.states()).unwrap(), states);
    }
    change(&mut session, |o| o.loss = nn::Loss::MSELoss).unwrap();
    train(&mut session, 60);
    let validation = session.last_validation.unwrap();
    // Of ten outputs near 0 and 1, where the cross-entropy would be above 1.
    assert!(validation.loss < 0.12, "{validation:?}");
}

#[test]
fn clipping_penalties_and_schedules_change_the_steps() {
    let after = |with: fn(&mut TrainingOptions)| {
        let mut session = session();
        change(&mut session, with).unwrap();
        train(&mut session, 8);
        parameters(&session, "7.weight")
    };
    let plain = after(|_| {});
    let changes: [fn(&mut TrainingOptions); 6] = [
        |o| o.clip_grad_norm = Some(0.1),
        |o| o.l1 = 0.01,
        |o| o.schedule = nn::Schedule::OneCycleLR(nn::schedule::OneCycleLR::default()),
        |o| o.warmup.epochs = 1.0,
        |o| o.augment.shift = 2,
        |o| o.loss = nn::Loss::CrossEntropyLoss(nn::loss::CrossEntropyLoss { label_smoothing: 0.1 }),
    ];
    for change in changes {
        let changed = after(change);
        assert_ne!(changed, plain);
        assert_eq!(changed, after(change), "the same every time");
    }
    assert_eq!(after(|o| o.clip_grad_norm = Some(1e6)), plain, "short gradients stay as they are");
}

#[test]
fn the_first_step_after_a_reset_is_the_first_of_the_schedule() {
    let mut session = session();
    change(&mut session, |o| {
        o.schedule = nn::Schedule::StepLR(nn::schedule::StepLR { step_size: 1.0, gamma: 1e-9 });
    })
    .unwrap();
    let n = session.status().steps_per_epoch;
    train(&mut session, n);
    let at_the_end = parameters(&session, "7.weight");
    train(&mut session, 2);
    let still: f32 =
        parameters(&session, "7.weight").iter().zip(&at_the_end).map(|(a, b)| (a - b).abs()).sum();
    assert!(still < 1e-4, "the second epoch's rate is nearly 0: {still}");
    ask(&mut session, Command::Reset { seed: None }).0.unwrap();
    let start = parameters(&session, "7.weight");
    train(&mut session, 2);
    assert_ne!(parameters(&session, "7.weight"), start);
}

#[test]
fn an_initialisation_counts_from_the_next_reset() {
    let mut session = session();
    let before = parameters(&session, "7.weight");
    change(&mut session, |o| o.initialisation = nn::Initialisation::Zeros).unwrap();
    assert_eq!(parameters(&session, "7.weight"), before);
    ask(&mut session, Command::Reset { seed: None }).0.unwrap();
    assert!(parameters(&session, "7.weight").iter().all(|&w| w == 0.0));
}

#[test]
fn another_network_thaws_what_was_frozen() {
    let mut session = session();
    change(&mut session, |o| o.frozen = vec![0]).unwrap();
    assert!(change(&mut session, |o| o.frozen = vec![1]).unwrap_err().contains("ReLU has no parameters"));
    let (reply, _) = ask(&mut session, Command::SetModel { model: nn::presets::model("mlp").unwrap() });
    reply.unwrap();
    assert!(session.options.frozen.is_empty());
}

use std::task::Waker;

use nn::{Optimiser, TrainingOptions};
use pollster::block_on;
use protocol::{Command, Event, Message, Request, Until};

use super::*;

/// A session on the CPU that may use one or two workers.
fn session() -> Session {
    let options = TrainingOptions { batch_size: 16, learning_rate: 0.02, ..TrainingOptions::default() };
    let digits = data::generated::digits(0, 240, 60);
    let model = nn::presets::model("s").unwrap();
    let mut session = block_on(Session::new(model, options, digits, BackendChoice::Cpu)).unwrap();
    session.set_most_workers(2);
    rest(&mut session);
    session
}

fn send(session: &mut Session, command: Command) {
    block_on(session.handle(Message::plain(Request { id: 7, command })));
}

fn rest(session: &mut Session) {
    while session.is_busy() {
        block_on(session.advance());
    }
}

fn losses(session: &mut Session, n_steps: u64) -> Vec<f32> {
    send(session, Command::Train { until: Until::Steps(n_steps) });
    rest(session);
    let points = session.events().into_iter().filter_map(|message| match message.body {
        Event::Metrics { train, .. } => Some(train),
        _ => None,
    });
    points.flatten().map(|point| point.loss).collect()
}

fn try_all(session: &mut Session) -> usize {
    let mut n = 0;
    while session.is_trying() {
        block_on(session.try_next(async || {}));
        n += 1;
    }
    n
}

#[test]
fn a_trial_changes_no_number_and_says_what_it_found() {
    let (mut tried, mut untried) = (session(), session());
    losses(&mut tried, 5);
    losses(&mut untried, 5);
    let before = block_on(tried.checkpoint()).unwrap();
    try_all(&mut tried);
    assert_eq!(block_on(tried.checkpoint()).unwrap(), before);
    let status = tried.backend().clone();
    assert_eq!(status.trials.iter().map(|trial| trial.n_workers).collect::<Vec<_>>(), [1, 2]);
    assert!(status.trials.iter().all(|trial| trial.step_millis.is_some_and(|millis| millis > 0.0)));
    assert!(status.reason.starts_with("the CPU was asked for; CPU, "), "{}", status.reason);
    let fastest = trial::fastest(&status.trials).unwrap();
    assert_eq!(status.n_workers, status.trials[fastest].n_workers, "it moves to the fastest");
    block_on(untried.set_workers(Some(status.n_workers))).unwrap();
    assert_eq!(losses(&mut tried, 5), losses(&mut untried, 5));
}

#[test]
fn what_was_tried_is_remembered_and_what_was_not_is_tried() {
    let mut session = session();
    assert_eq!(try_all(&mut session), 3, "one worker, two, and the move");
    let (trials, reason) = (session.backend().trials.clone(), session.backend().reason.clone());
    send(&mut session, Command::SetModel { model: nn::presets::model("linear").unwrap() });
    rest(&mut session);
    assert_eq!(session.backend().trials, [], "those were another network's");
    assert!(!session.backend().reason.contains("ms a step"), "{}", session.backend().reason);
    assert_eq!(try_all(&mut session), 3);
    send(&mut session, Command::SetModel { model: nn::presets::model("s").unwrap() });
    rest(&mut session);
    assert!(!session.is_trying());
    assert_eq!((&session.backend().trials, &session.backend().reason), (&trials, &reason));
    let options = TrainingOptions { batch_size: 8, ..session.options.clone() };
    send(&mut session, Command::SetOptions { options });
    rest(&mut session);
    assert_eq!(try_all(&mut session), 3, "another batch size");
    let options = TrainingOptions { optimiser: Optimiser::adam(), ..session.options.clone() };
    send(&mut session, Command::SetOptions { options });
    rest(&mut session);
    assert_eq!(try_all(&mut session), 3, "another optimiser");
    let options = TrainingOptions { learning_rate: 0.5, ..session.options.clone() };
    send(&mut session, Command::SetOptions { options });
    rest(&mut session);
    assert!(!session.is_trying(), "no step is longer for a learning rate");
}

#[test]
fn nothing_is_tried_during_a_run_nor_where_the_user_has_chosen() {
    let mut session = session();
    assert!(session.is_trying());
    send(&mut session, Command::Train { until: Until::Paused });
    assert!(!session.is_trying());
    block_on(session.advance());
    assert!(!session.is_trying());
    send(&mut session, Command::Pause);
    rest(&mut session);
    assert!(session.is_trying(), "between two runs");
    send(&mut session, Command::SetWorkers { n_workers: Some(2) });
    rest(&mut session);
    assert!(!session.is_trying());
    assert_eq!((session.n_workers(), session.backend().asked.n_workers), (2, Some(2)));
    assert_eq!(session.backend().reason, "the CPU was asked for");
    send(&mut session, Command::SetWorkers { n_workers: None });
    rest(&mut session);
    assert!(session.is_trying());
}

#[test]
fn a_trial_that_is_interrupted_leaves_nothing_behind() {
    let mut session = session();
    let before = block_on(session.checkpoint()).unwrap();
    let status = session.backend().clone();
    {
        // Never wakes up again from its first rest.
        let mut trial = std::pin::pin!(session.try_next(async || std::future::pending().await));
        let mut context = std::task::Context::from_waker(Waker::noop());
        assert!(trial.as_mut().poll(&mut context).is_pending());
    }
    assert!(session.is_trying());
    assert_eq!(block_on(session.checkpoint()).unwrap(), before);
    assert_eq!(session.backend(), &status);
    assert_eq!(losses(&mut session, 3).len(), 3);
}

#[test]
fn a_gpu_that_was_given_up_is_not_opened_again_and_the_reason_says_why() {
    let mut session = session();
    block_on(session.set_backend(BackendChoice::Auto)).unwrap();
    session.give_up_device("the GPU was lost: unplugged".into());
    assert_eq!(try_all(&mut session), 3, "one worker, two, and the move");
    let status = session.backend();
    assert_eq!((status.kind, status.stands_in), (BackendKind::Cpu, true));
    assert!(status.reason.starts_with("the GPU was lost: unplugged; CPU, "), "{}", status.reason);
}

#[test]
fn a_gpu_however_fast_does_not_take_over_where_the_cpu_was_asked_for() {
    let mut session = session();
    session.note(Candidate::Gpu, Ok(0.001));
    try_all(&mut session);
    assert_eq!(session.backend().kind, BackendKind::Cpu);
    assert!(session.backend().trials.iter().all(|trial| trial.kind == BackendKind::Cpu));
    block_on(session.set_backend(BackendChoice::Auto)).unwrap();
    let kinds: Vec<BackendKind> = session.eligible().iter().map(|trial| trial.kind).collect();
    assert_eq!(kinds, [BackendKind::Cpu, BackendKind::Cpu, BackendKind::Gpu]);
}

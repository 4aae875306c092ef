//! A whole session on the GPU: the same losses as on the CPU, weights carried over, and a lost GPU survived.
#![allow(missing_docs, reason = "tests are named for what they say")]

use std::rc::Rc;

use gpu::Device;
use nn::TrainingOptions;
use protocol::{Array, BackendChoice, BackendKind, Command, Event, Message, Reply, Request, Until};
use receptive_tests::gpu_tests;
use trainer::Session;

gpu_tests!(
    the_gpu_and_the_cpu_give_the_same_losses,
    what_is_shown_is_made_with_the_gpus_weights,
    a_move_between_backends_goes_on_where_it_was,
    a_lost_gpu_does_not_lose_the_weights,
    both_learn_from_the_same_pictures_whatever_is_changed,
    kernels_are_timed_on_the_gpu_alone,
    a_run_says_that_it_waits_for_the_compiler,
    what_is_idle_compiles_for_the_next_run,
);

fn digits(seed: u64, n: usize) -> data::Dataset {
    data::generated::digits(seed, n - n / 5, n / 5)
}

async fn session(backend: BackendChoice) -> Session {
    let options = TrainingOptions { batch_size: 16, learning_rate: 0.02, ..TrainingOptions::default() };
    let model = nn::presets::model("s").unwrap();
    Session::new(model, options, digits(0, 300), backend).await.unwrap()
}

/// Sends a command, works until nothing is left to do, and returns everything that was said.
async fn ask(session: &mut Session, command: Command) -> Vec<Event> {
    session.handle(Message::plain(Request { id: 1, command })).await;
    while session.is_busy() {
        session.advance().await;
    }
    session.events().into_iter().map(|message| message.body).collect()
}

async fn losses(session: &mut Session, n_steps: u64) -> Vec<f32> {
    let events = ask(session, Command::Train { until: Until::Steps(n_steps) }).await;
    let trained =
        events.iter().any(|event| matches!(event, Event::Reply { result: Ok(Reply::Trained { .. }), .. }));
    assert!(trained, "{events:?}");
    let points = events.into_iter().filter_map(|event| match event {
        Event::Metrics { train, .. } => Some(train),
        _ => None,
    });
    points.flatten().map(|point| point.loss).collect()
}

async fn a_run_says_that_it_waits_for_the_compiler(_device: Rc<Device>) {
    // For each status whether it says so, and where the first step comes.
    let train = async |session: &mut Session| {
        let events = ask(session, Command::Train { until: Until::Steps(1) }).await;
        let said = events.iter().filter_map(|event| match event {
            Event::Status(status) => Some(if status.compiling { "compiling" } else { "not" }),
            Event::Metrics { .. } => Some("step"),
            _ => None,
        });
        let mut said: Vec<_> = said.collect();
        said.dedup();
        said
    };
    let mut gpu = session(BackendChoice::Gpu).await;
    let said = train(&mut gpu).await;
    let position = |what| said.iter().position(|said| *said == what);
    assert!(position("compiling").is_some_and(|at| Some(at) < position("step")), "{said:?}");
    assert_eq!(said.iter().rfind(|said| **said != "step"), Some(&"not"));
    assert!(!train(&mut gpu).await.contains(&"compiling"));
    // Another network is compiled anew; the CPU compiles nothing.
    ask(&mut gpu, Command::SetModel { model: nn::presets::model("linear").unwrap() }).await;
    assert!(train(&mut gpu).await.contains(&"compiling"));
    let mut cpu = session(BackendChoice::Cpu).await;
    assert!(!train(&mut cpu).await.contains(&"compiling"));
}

async fn what_is_idle_compiles_for_the_next_run(_device: Rc<Device>) {
    let mut session = session(BackendChoice::Gpu).await;
    let n_compiled = |session: &Session| session.device().unwrap().counts().pipelines;
    while session.is_busy() {
        session.advance().await;
    }
    assert_eq!(n_compiled(&session), 0, "a picture is shown without the GPU");
    assert!(session.is_trying());
    session.try_next(async || {}).await;
    assert!(!session.is_trying());
    let compiled = n_compiled(&session);
    assert!(compiled > 0);
    let events = ask(&mut session, Command::Train { until: Until::Steps(1) }).await;
    let compiling = |event: &Event| matches!(event, Event::Status(status) if status.compiling);
    assert!(!events.iter().any(compiling));

    // A GPU that is gone compiles nothing, and is not asked for ever.
    ask(&mut session, Command::SetModel { model: nn::presets::model("mlp").unwrap() }).await;
    assert!(session.is_trying());
    session.device().unwrap().destroy();
    session.try_next(async || {}).await;
    assert!(!session.is_trying());
}

/// Natively nothing goes on by itself.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
async fn a_gpu_that_is_asked_for_begins_to_compile_at_once() {
    if receptive_tests::open_gpu().await.is_none() {
        return;
    }
    let begun = receptive_tests::DeviceCalls::of("createComputePipelineAsync");
    let mut cpu = session(BackendChoice::Cpu).await;
    assert_eq!(begun.n(), 0);
    let mut gpu = session(BackendChoice::Gpu).await;
    let n_shaders = begun.n();
    assert!(n_shaders > 0);
    ask(&mut cpu, Command::SetBackend { backend: BackendChoice::Gpu }).await;
    assert_eq!(begun.n(), 2 * n_shaders);
    assert_eq!(losses(&mut gpu, 1).await.len(), 1);
}

fn assert_same(left: &[f32], right: &[f32]) {
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(right) {
        // Float32 sums in another order, over twenty steps that build on each other.
        assert!((left - right).abs() < 1e-4 * right.abs().max(1.0), "{left} {right}");
    }
}

async fn the_gpu_and_the_cpu_give_the_same_losses(_device: Rc<Device>) {
    let mut gpu = session(BackendChoice::Gpu).await;
    assert_eq!(gpu.backend().kind, BackendKind::Gpu);
    let mut cpu = session(BackendChoice::Cpu).await;
    assert_same(&losses(&mut gpu, 20).await, &losses(&mut cpu, 20).await);
}

async fn what_is_shown_is_made_with_the_gpus_weights(_device: Rc<Device>) {
    let mut shown = Vec::new();
    for backend in [BackendChoice::Gpu, BackendChoice::Cpu] {
        let mut session = session(backend).await;
        let train = Command::Train { until: Until::Steps(20) };
        session.handle(Message::plain(Request { id: 1, command: train })).await;
        while session.is_busy() {
            session.advance().await;
        }
        let last = session.events().into_iter().rev().find_map(|message| match message.body {
            Event::Inspection(inspection) => Some((inspection, message.arrays)),
            _ => None,
        });
        let (inspection, arrays) = last.expect("a run's end is shown");
        assert_eq!(inspection.step, 20);
        let Some(Array::F32(first_map)) = arrays.into_iter().nth(1) else { panic!("arrays of f32") };
        shown.push([first_map, inspection.prediction.probabilities]);
    }
    for (gpu, cpu) in shown[0].iter().zip(&shown[1]) {
        assert_same(gpu, cpu);
    }
}

async fn a_move_between_backends_goes_on_where_it_was(_device: Rc<Device>) {
    let mut whole = session(BackendChoice::Cpu).await;
    let expected = losses(&mut whole, 15).await;
    let mut moved = session(BackendChoice::Cpu).await;
    let mut seen = losses(&mut moved, 5).await;
    for backend in [BackendChoice::Gpu, BackendChoice::Cpu] {
        ask(&mut moved, Command::SetBackend { backend }).await;
        seen.extend(losses(&mut moved, 5).await);
    }
    assert_same(&seen, &expected);
}

async fn a_lost_gpu_does_not_lose_the_weights(_device: Rc<Device>) {
    let mut session = session(BackendChoice::Gpu).await;
    losses(&mut session, 5).await;
    session
        .handle(Message::plain(Request { id: 2, command: Command::Train { until: Until::Steps(20) } }))
        .await;
    session.advance().await;
    session.device().expect("it runs on the GPU").destroy();
    while session.is_busy() {
        session.advance().await;
    }
    let events: Vec<Event> = session.events().into_iter().map(|message| message.body).collect();
    assert!(events.iter().any(|event| matches!(event, Event::DeviceLost { .. })), "{events:?}");
    assert_eq!(session.backend().kind, BackendKind::Cpu);
    assert!(session.backend().reason.contains("lost"), "{}", session.backend().reason);
    // The run went on to its end, from weights that had been trained.
    let end = events.iter().find_map(|event| match event {
        Event::Reply { id: 2, result: Ok(Reply::Trained { step, .. }) } => Some(*step),
        _ => None,
    });
    assert_eq!(end, Some(25));
}

async fn both_learn_from_the_same_pictures_whatever_is_changed(_device: Rc<Device>) {
    let mut seen = Vec::new();
    for backend in [BackendChoice::Gpu, BackendChoice::Cpu] {
        let mut session = session(backend).await;
        let keeps = |session: &Session, n: usize| match (backend, &session.backend().pictures) {
            (BackendChoice::Cpu, pictures) => pictures.is_none(),
            (_, pictures) => pictures.as_ref().is_some_and(|said| said.contains(&format!("all {n} "))),
        };
        assert!(keeps(&session, 240), "{:?}", session.backend());
        let mut losses_seen = losses(&mut session, 3).await;
        let mut options =
            TrainingOptions { batch_size: 24, learning_rate: 0.02, ..TrainingOptions::default() };
        options.augment.shift = 2;
        ask(&mut session, Command::SetOptions { options }).await;
        losses_seen.extend(losses(&mut session, 3).await);
        session.set_dataset(digits(1, 200)).unwrap();
        assert!(keeps(&session, 160), "{:?}", session.backend());
        losses_seen.extend(losses(&mut session, 8).await);
        ask(&mut session, Command::SetModel { model: nn::presets::model("linear").unwrap() }).await;
        losses_seen.extend(losses(&mut session, 3).await);
        assert!(keeps(&session, 160), "{:?}", session.backend());
        assert_eq!(losses_seen.len(), 17);
        seen.push(losses_seen);
    }
    assert_same(&seen[0], &seen[1]);
}

async fn kernels_are_timed_on_the_gpu_alone(_device: Rc<Device>) {
    for backend in [BackendChoice::Gpu, BackendChoice::Cpu] {
        let mut session = session(backend).await;
        losses(&mut session, 2).await;
        let dispatches = session.backend().dispatches_per_step;
        let events = ask(&mut session, Command::KernelTimes).await;
        let n_kernels = events.iter().find_map(|event| match event {
            Event::Reply { result: Ok(Reply::KernelTimes { kernels }), .. } => {
                Some(kernels.as_ref().map(Vec::len))
            }
            _ => None,
        });
        assert_eq!(n_kernels, Some(dispatches), "{events:?}");
        assert!(dispatches.is_none_or(|n| n <= 8), "{dispatches:?} dispatches a step");
    }
}

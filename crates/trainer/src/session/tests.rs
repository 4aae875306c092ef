mod options;

use pollster::block_on;
use protocol::{Command, Drawing, Request, Until};

use super::*;

fn session() -> Session {
    let options = TrainingOptions { batch_size: 16, learning_rate: 0.02, ..TrainingOptions::default() };
    let digits = data::generated::digits(0, 240, 60);
    let model = nn::presets::model("s").unwrap();
    block_on(Session::new(model, options, digits, BackendChoice::Cpu)).unwrap()
}

/// Sends a command, works until nothing is left to do, and returns the reply with everything else that was said.
fn ask_with(
    session: &mut Session,
    command: Command,
    arrays: Vec<Array>,
) -> (Result<Reply, String>, Vec<Event>) {
    block_on(async {
        session.handle(Message { body: Request { id: 7, command }, arrays }).await;
        while session.is_busy() {
            session.advance().await;
        }
    });
    let mut reply = None;
    let mut events = Vec::new();
    for message in session.events() {
        match message.body {
            Event::Reply { id: 7, result } => {
                assert!(reply.is_none(), "one request has one reply");
                reply = Some(result);
            }
            event => events.push(event),
        }
    }
    (reply.expect("every request is answered"), events)
}

fn ask(session: &mut Session, command: Command) -> (Result<Reply, String>, Vec<Event>) {
    ask_with(session, command, Vec::new())
}

fn losses(events: &[Event]) -> Vec<f32> {
    let points = events.iter().filter_map(|event| match event {
        Event::Metrics { train, .. } => Some(train),
        _ => None,
    });
    points.flatten().map(|point| point.loss).collect()
}

fn train(session: &mut Session, n_steps: u64) -> Vec<f32> {
    let (reply, events) = ask(session, Command::Train { until: Until::Steps(n_steps) });
    assert!(matches!(reply, Ok(Reply::Trained { .. })), "{reply:?}");
    losses(&events)
}

#[test]
fn a_run_reports_every_step_and_its_end() {
    let mut session = session();
    let (reply, events) = ask(&mut session, Command::Train { until: Until::Steps(30) });
    let Ok(Reply::Trained { step: 30, last: Some(last), .. }) = reply else { panic!("{reply:?}") };
    let losses = losses(&events);
    assert_eq!((losses.len(), last.step), (30, 30));
    assert!(losses[29] < losses[0], "{losses:?}");
    // The curves end where the run does.
    let mut measured = events.iter().filter_map(|event| match event {
        Event::Metrics { validation, .. } => validation.map(|validation| validation.step),
        _ => None,
    });
    assert_eq!(measured.next_back(), Some(30));
}

#[test]
fn what_the_first_measurement_takes_puts_off_no_other() {
    let mut session = session();
    train(&mut session, 1);
    assert_eq!(session.last_validation.map(|validation| validation.step), Some(1));
    let soon = Instant::now() + Duration::from_millis(101);
    assert!(session.validations.is_due(soon) && session.inspections.is_due(soon));
}

#[test]
fn curves_end_where_the_run_does_unless_that_takes_long() {
    let mut session = session();
    train(&mut session, 1);
    session.validations.done(Duration::from_millis(600), Instant::now());
    train(&mut session, 5);
    assert_eq!(session.last_validation.map(|validation| validation.step), Some(6));
    session.validations.done(Duration::from_secs(2), Instant::now());
    train(&mut session, 5);
    assert_eq!(session.last_validation.map(|validation| validation.step), Some(6));
}

#[test]
fn a_reset_to_the_same_seed_repeats_the_run_bit_for_bit() {
    let mut session = session();
    let first = train(&mut session, 20);
    ask(&mut session, Command::Reset { seed: None }).0.unwrap();
    assert_eq!(train(&mut session, 20), first);
    ask(&mut session, Command::Reset { seed: Some(1) }).0.unwrap();
    assert_ne!(train(&mut session, 20), first);
}

#[test]
fn two_runs_of_ten_steps_are_one_of_twenty() {
    let (mut one, mut two) = (session(), session());
    let whole = train(&mut one, 20);
    let halves = [train(&mut two, 10), train(&mut two, 10)].concat();
    assert_eq!(halves, whole);
}

#[test]
fn an_epoch_ends_with_the_whole_validation_set() {
    let mut session = session();
    let (reply, events) = ask(&mut session, Command::Train { until: Until::Epochs(2) });
    let Ok(Reply::Trained { step, validation: Some(validation), .. }) = reply else { panic!("{reply:?}") };
    // 240 pictures, 20 of them held back, in batches of 16.
    assert_eq!((step, validation.n_images), (26, 20));
    let measured: Vec<u64> = events
        .iter()
        .filter_map(|event| match event {
            Event::Metrics { validation: Some(v), .. } if v.n_images == 20 => Some(v.step),
            _ => None,
        })
        .collect();
    assert!(measured.ends_with(&[26]) && measured.contains(&13), "{measured:?}");
}

#[test]
fn a_learning_rate_changed_while_running_counts_from_the_next_step() {
    let mut session = session();
    train(&mut session, 5);
    let before = block_on(session.engine.parameters()).unwrap();
    let options = TrainingOptions { learning_rate: 0.0, ..session.options.clone() };
    ask(&mut session, Command::SetOptions { options }).0.unwrap();
    train(&mut session, 5);
    assert_eq!(block_on(session.engine.parameters()).unwrap(), before);
}

#[test]
fn divergence_stops_the_run_names_the_step_and_offers_good_weights() {
    let mut session = session();
    let start = block_on(session.engine.parameters()).unwrap();
    let options = TrainingOptions { learning_rate: 1e30, ..session.options.clone() };
    ask(&mut session, Command::SetOptions { options }).0.unwrap();
    let (reply, events) = ask(&mut session, Command::Train { until: Until::Paused });
    assert!(matches!(reply, Ok(Reply::Trained { .. })));
    let diverged = events.iter().find_map(|event| match event {
        Event::Diverged { step, last_good_step, .. } => Some((*step, *last_good_step)),
        _ => None,
    });
    let (step, last_good) = diverged.expect("a learning rate of 1e30 diverges");
    assert!(step > last_good);
    ask(&mut session, Command::RestoreLastGood).0.unwrap();
    assert_eq!(session.step, last_good);
    assert_eq!(block_on(session.engine.parameters()).unwrap(), start);
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut session = session();
    train(&mut session, 3);
    let before = (block_on(session.engine.parameters()).unwrap(), session.step, session.options.clone());
    let mut model = session.network.model().clone();
    model.layers.remove(6);
    let refusals = [
        (Command::SetModel { model }, "insert Flatten (784)"),
        (
            Command::SetOptions {
                options: TrainingOptions { learning_rate: f32::NAN, ..session.options.clone() },
            },
            "learning_rate is NaN",
        ),
        (Command::Select { sample: Sample::Stored { split: Split::Test, idx: 60 } }, "the split has 60"),
        (Command::Activations { layer_idx: 8 }, "layerIdx is 8"),
        (Command::Samples { split: Split::Test, per_class: 0, page: 0 }, "per_class is 0"),
        (Command::SetWeights, "weights have to come as bytes"),
        (Command::Predict, "pixels"),
        (Command::LoadData { source: protocol::DataSource::Files { names: vec![] } }, "four"),
    ];
    for (command, expected) in refusals {
        let name = format!("{command:?}");
        let error = ask(&mut session, command).0.unwrap_err();
        assert!(error.contains(expected), "{name}: {error}");
    }
    let after = (block_on(session.engine.parameters()).unwrap(), session.step, session.options.clone());
    assert!(before == after);
}

#[test]
fn another_network_starts_afresh_and_another_optimiser_keeps_the_weights() {
    let mut session = session();
    train(&mut session, 3);
    let before = block_on(session.engine.parameters()).unwrap();
    let options = TrainingOptions { optimiser: nn::Optimiser::adam(), ..session.options.clone() };
    ask(&mut session, Command::SetOptions { options }).0.unwrap();
    assert_eq!(block_on(session.engine.parameters()).unwrap(), before);
    assert_eq!((session.step, session.optimiser_step), (3, 0));
    train(&mut session, 2);
    let model = nn::presets::model("linear").unwrap();
    ask(&mut session, Command::SetModel { model }).0.unwrap();
    assert_eq!(session.step, 0);
    train(&mut session, 2);
}

#[test]
fn weights_go_out_and_come_back() {
    let mut session = session();
    train(&mut session, 3);
    let before = block_on(session.engine.parameters()).unwrap();
    let message = Message::plain(Request { id: 7, command: Command::Weights });
    block_on(session.handle(message));
    let file = session.events().pop().unwrap().arrays.pop().unwrap();
    ask(&mut session, Command::Reset { seed: None }).0.unwrap();
    ask_with(&mut session, Command::SetWeights, vec![file]).0.unwrap();
    assert_eq!(block_on(session.engine.parameters()).unwrap(), before);
}

#[test]
fn workers_can_change_in_the_middle_and_nothing_is_lost() {
    let (mut one, mut two) = (session(), session());
    let whole = train(&mut one, 20);
    let first = train(&mut two, 10);
    block_on(two.set_workers(Some(2))).unwrap();
    assert_eq!((two.n_workers(), two.step, two.backend().reason.as_str()), (2, 10, "the CPU was asked for"));
    let losses = [first, train(&mut two, 10)].concat();
    // Two sums of eight pictures' gradients round otherwise than one of sixteen.
    let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-3 * a.abs();
    assert!(losses.iter().zip(&whole).all(close), "{losses:?} {whole:?}");
}

#[test]
fn an_evaluation_asked_for_while_training_counts_every_picture_once() {
    let mut session = session();
    block_on(async {
        let train = Command::Train { until: Until::Steps(10) };
        session.handle(Message::plain(Request { id: 1, command: train })).await;
        session.advance().await;
    });
    let (reply, _) = ask(&mut session, Command::Evaluate { split: Split::Test });
    let Ok(Reply::Evaluated(evaluation)) = reply else { panic!("{reply:?}") };
    assert_eq!(evaluation.n_images, 60);
    assert_eq!(evaluation.confusion.iter().flatten().sum::<u32>(), 60);
}

#[test]
fn a_drawing_becomes_the_selected_picture() {
    let mut session = session();
    let mut ink = vec![0_u8; 280 * 280];
    for row in 60..220 {
        ink[row * 280 + 130..row * 280 + 150].fill(255);
    }
    let draw = Command::Draw { side: 280, centre: true };
    let (reply, events) = ask_with(&mut session, draw, vec![Array::U8(ink)]);
    assert!(matches!(reply, Ok(Reply::Drawn(Drawing { blank: false, .. }))));
    let inspected = events
        .iter()
        .any(|event| matches!(event, Event::Inspection(inspection) if inspection.sample == Sample::Drawing));
    assert!(inspected);
    assert!(session.drawing.iter().any(|&ink| ink > 0.5));
}

#[test]
fn exports_are_of_the_weights_in_use_and_named_after_the_network() {
    let mut session = session();
    train(&mut session, 2);
    let mut export = |format| {
        let command = Command::Export { format };
        block_on(session.handle(Message { body: Request { id: 1, command }, arrays: Vec::new() }));
        let mut replies = session.events().into_iter().filter_map(|message| match message.body {
            Event::Reply { result: Ok(Reply::Exported { file_name }), .. } => {
                Some((file_name, message.arrays))
            }
            _ => None,
        });
        match replies.next().expect("it is answered at once") {
            (name, arrays) if arrays.len() == 1 => match &arrays[0] {
                Array::U8(bytes) => (name, bytes.clone()),
                Array::F32(_) => panic!("a file is bytes"),
            },
            (_, arrays) => panic!("{} arrays", arrays.len()),
        }
    };
    let (script_name, script) = export(protocol::ExportFormat::Pytorch);
    let (weights_name, weights) = export(protocol::ExportFormat::Safetensors);
    let (onnx_name, onnx) = export(protocol::ExportFormat::Onnx);
    let names = ["receptive_s.py", "receptive_s.safetensors", "receptive_s.onnx"];
    assert_eq!([script_name, weights_name, onnx_name], names);
    let script = String::from_utf8(script).unwrap();
    assert!(script.contains(r#"with_name("receptive_s.safetensors")"#) && script.contains("lr=0.02,"));
    let layout = session.network.layout();
    let parameters = block_on(session.engine.parameters()).unwrap();
    assert_ne!(parameters, nn::initial_parameters(&layout, 0), "two steps have changed the weights");
    assert_eq!(nn::state_dict::load(&layout, &weights).unwrap(), parameters);
    assert_eq!(onnx, export::onnx::model(&session.network, &parameters).unwrap());
}

#[test]
fn checkpoints_carry_running_statistics_and_dropout_goes_on_where_it_was() {
    use nn::LayerSpec::{BatchNorm2d, Dropout};
    let mut session = session();
    let mut model = nn::presets::model("s").unwrap();
    model.insert_layer(1, BatchNorm2d(nn::layers::BatchNorm2d::default()));
    model.insert_layer(8, Dropout(nn::layers::Dropout { p: 0.3 }));
    ask(&mut session, Command::SetModel { model }).0.unwrap();
    train(&mut session, 3);
    let there = block_on(session.checkpoint()).unwrap();
    let count =
        session.engine.layout().slots.iter().find(|slot| slot.name == "1.num_batches_tracked").unwrap();
    assert_eq!(there.parameters[count.range()], [3.0]);
    let on = train(&mut session, 4);
    session.resume_from(&there).unwrap();
    assert_eq!(train(&mut session, 4), on);
}

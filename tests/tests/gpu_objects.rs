//! What the GPU's executor makes, and what it does when things go wrong.
#![allow(missing_docs, reason = "tests are named for what they say")]

use std::rc::Rc;

use gpu::{Counts, Device, GpuError, Numbers, RECORD_CAPACITY, STEPS_AT_ONCE};
use nn::{Network, initial_parameters, names, presets};
use receptive_tests::gpu_tests;
use tensor::ops::Activation;
use tensor::{Graph, Hyper, ParameterLayout, Plan, PlanRequest, TensorError, Update, Value};

gpu_tests!(
    a_step_makes_nothing_and_submits_once,
    what_is_compiled_beforehand_is_not_compiled_again,
    compiling_that_nobody_waits_for_is_not_lost,
    queued_steps_are_few_dispatches_fewer_submits_and_no_objects,
    queued_steps_give_the_bits_of_single_ones,
    a_queued_step_asks_for_all_inputs,
    kernel_times_name_every_dispatch_and_change_nothing,
    recorded_steps_come_back_in_order,
    reads_leave_the_executor_free_and_see_the_numbers_of_their_time,
    several_outputs_come_with_one_submission,
    plans_share_parameters_and_pipelines,
    the_same_steps_give_the_same_bits,
    what_does_not_fit_is_a_typed_error,
    a_lost_device_is_an_error_and_not_a_hang,
);

const BATCH: usize = 8;

fn small() -> Network {
    Network::new(presets::model("s").expect("there is a preset s"), 10).unwrap()
}

/// The network S with its training plan, ready to step.
fn trainer(device: &Rc<Device>) -> (gpu::Executor, gpu::PlanIdx) {
    let network = small();
    let layout = network.layout();
    let mut executor = gpu::Executor::new(device, &layout, 1).unwrap();
    executor.set_parameters(&initial_parameters(&layout, 1)).unwrap();
    let plan = network.training_plan(BATCH, Update::Sgd { nesterov: false }).unwrap();
    let plan = executor.add(plan).unwrap();
    write_batch(&executor, plan);
    (executor, plan)
}

fn write_batch(executor: &gpu::Executor, plan: gpu::PlanIdx) {
    let pixels: Vec<f32> = (0..BATCH * 784).map(|idx| (idx * 31 % 256) as f32 / 255.0).collect();
    let labels: Vec<u32> = (0..BATCH as u32).collect();
    executor.write_input(plan, names::IMAGES, &pixels).unwrap();
    executor.write_input_u32(plan, names::LABELS, &labels).unwrap();
    executor.set_hyper(Hyper { learning_rate: 0.05, beta1: 0.9, ..Hyper::default() });
}

fn made(counts: Counts) -> [usize; 3] {
    [counts.buffers, counts.bind_groups, counts.pipelines]
}

async fn a_step_makes_nothing_and_submits_once(device: Rc<Device>) {
    let (mut executor, plan) = trainer(&device);
    executor.run_recorded(plan).unwrap();
    executor.take_recorded().await.unwrap();
    let before = device.counts();
    for _ in 0..10 {
        write_batch(&executor, plan);
        executor.run_recorded(plan).unwrap();
    }
    let after = device.counts();
    assert_eq!(made(after), made(before));
    assert_eq!(after.submits - before.submits, 10);
    assert_eq!(after.dispatches - before.dispatches, 10 * executor.dispatches(plan));

    // Nor does reading make anything.
    executor.take_recorded().await.unwrap();
    executor.read_output(plan, names::LOSS).await.unwrap();
    executor.parameters().await.unwrap();
    executor.state(0).await.unwrap();
    assert_eq!(made(device.counts()), made(before));
    assert_eq!(device.counts().submits - after.submits, 4);
}

async fn what_is_compiled_beforehand_is_not_compiled_again(device: Rc<Device>) {
    let (mut executor, plan) = trainer(&device);
    let before = device.counts().pipelines;
    executor.compile(plan).await.unwrap();
    let compiled = device.counts().pipelines;
    assert!(compiled > before);
    assert!(compiled - before <= executor.dispatches(plan));
    executor.run(plan).unwrap();
    let loss = executor.read_output(plan, names::LOSS).await.unwrap();
    executor.compile(plan).await.unwrap();
    assert_eq!(device.counts().pipelines, compiled);

    let other = Rc::new(Device::request().await.unwrap());
    let (mut executor, plan) = trainer(&other);
    executor.run(plan).unwrap();
    assert_eq!(executor.read_output(plan, names::LOSS).await.unwrap(), loss);
    assert_eq!(other.counts().pipelines, compiled - before);
}

/// Counts how often wgpu asks the browser for a pipeline itself, which the browser compiles while all else waits.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
async fn a_browser_compiles_all_shaders_beside_each_other() {
    let Some(device) = receptive_tests::open_gpu().await else { return };
    let (mut executor, plan) = trainer(&device);
    let asked = receptive_tests::DeviceCalls::of("createComputePipeline");
    executor.compile(plan).await.unwrap();
    executor.run(plan).unwrap();
    let loss = executor.read_output(plan, names::LOSS).await.unwrap();
    assert_eq!(asked.n(), 0);
    let evaluation = executor.add(small().evaluation_plan(BATCH).unwrap()).unwrap();
    executor.run(evaluation).unwrap();
    assert!(loss[0] > 0.0);
    assert!(asked.n() > 0, "the count works");
}

async fn compiling_that_nobody_waits_for_is_not_lost(device: Rc<Device>) {
    let (mut executor, plan) = trainer(&device);
    drop(executor.compile(plan));
    let (second, third) = (executor.compile(plan), executor.compile(plan));
    second.await.unwrap();
    third.await.unwrap();
    let compiled = device.counts().pipelines;
    executor.run(plan).unwrap();
    assert!(executor.read_output(plan, names::LOSS).await.unwrap()[0] > 0.0);
    assert_eq!(device.counts().pipelines, compiled);
    assert!(compiled <= executor.dispatches(plan));
}

/// The inputs of step `step`, each different, and its hyper-parameters.
fn batch(step: usize) -> (Vec<f32>, Vec<u32>, Hyper) {
    let pixels = (0..BATCH * 784).map(|idx| ((idx + 7 * step) * 31 % 256) as f32 / 255.0).collect();
    let labels = (0..BATCH).map(|idx| ((idx + step) % 10) as u32).collect();
    let learning_rate = 0.05 / (1 + step) as f32;
    (pixels, labels, Hyper { learning_rate, beta1: 0.9, ..Hyper::default() })
}

fn queue(executor: &mut gpu::Executor, plan: gpu::PlanIdx, step: usize) {
    let (pixels, labels, hyper) = batch(step);
    let inputs = [(names::IMAGES, Numbers::F32(&pixels)), (names::LABELS, Numbers::U32(&labels))];
    executor.queue_step(plan, &inputs, hyper).unwrap();
}

async fn queued_steps_are_few_dispatches_fewer_submits_and_no_objects(device: Rc<Device>) {
    let (mut executor, plan) = trainer(&device);
    queue(&mut executor, plan, 0);
    executor.take_recorded().await.unwrap();
    let before = device.counts();
    let n_steps = 4 * STEPS_AT_ONCE;
    for step in 0..n_steps {
        queue(&mut executor, plan, step);
    }
    let after = device.counts();
    assert_eq!(made(after), made(before));
    assert!(executor.dispatches(plan) <= 8, "{} dispatches a step", executor.dispatches(plan));
    assert_eq!(after.dispatches - before.dispatches, n_steps * executor.dispatches(plan));
    let n_submits = after.submits - before.submits;
    assert!(4 * n_submits <= n_steps, "{n_submits} submits for {n_steps} steps");
    assert_eq!(executor.take_recorded().await.unwrap().len(), n_steps);
}

async fn kernel_times_name_every_dispatch_and_change_nothing(device: Rc<Device>) {
    let (mut executor, plan) = trainer(&device);
    let (mut other, other_plan) = trainer(&device);
    for step in 0..3 {
        queue(&mut executor, plan, step);
        queue(&mut other, other_plan, step);
    }
    let times = executor.kernel_times(plan).await.unwrap().expect("the GPUs that tests run on have clocks");
    assert_eq!(times.len(), executor.dispatches(plan));
    assert_eq!(times.last().unwrap().name, "sgd");
    // One start does for both gradients of the second block.
    assert_eq!(times.iter().filter(|time| time.name == "conv_block_grads").count(), 1, "{times:?}");
    assert!(times.iter().map(|time| time.millis).sum::<f64>() > 0.0, "{times:?}");

    queue(&mut executor, plan, 3);
    queue(&mut other, other_plan, 3);
    assert_eq!(executor.take_recorded().await.unwrap(), other.take_recorded().await.unwrap());
    assert_eq!(executor.parameters().await.unwrap(), other.parameters().await.unwrap());
    assert_eq!(executor.gradients().await.unwrap(), other.gradients().await.unwrap());
    assert_eq!(executor.state(0).await.unwrap(), other.state(0).await.unwrap());
}

async fn queued_steps_give_the_bits_of_single_ones(device: Rc<Device>) {
    // One submission of as many as there can be, one of a part, and reads in between.
    let n_steps = STEPS_AT_ONCE + 3;
    let (mut single, plan) = trainer(&device);
    for step in 0..n_steps {
        let (pixels, labels, hyper) = batch(step);
        single.write_input(plan, names::IMAGES, &pixels).unwrap();
        single.write_input_u32(plan, names::LABELS, &labels).unwrap();
        single.set_hyper(hyper);
        single.run_recorded(plan).unwrap();
    }
    let (mut queued, plan) = trainer(&device);
    let mut half_way = Vec::new();
    for step in 0..n_steps {
        queue(&mut queued, plan, step);
        if step == n_steps / 2 {
            half_way = queued.parameters().await.unwrap();
        }
    }
    let expected = single.take_recorded().await.unwrap();
    assert_eq!(expected.len(), n_steps);
    assert!(expected.windows(2).all(|pair| pair[0] != pair[1]), "{expected:?}");
    assert_eq!(queued.take_recorded().await.unwrap(), expected);
    assert_eq!(queued.parameters().await.unwrap(), single.parameters().await.unwrap());
    assert_ne!(half_way, single.parameters().await.unwrap());
    assert_eq!(queued.state(0).await.unwrap(), single.state(0).await.unwrap());

    // After both, the next step is the same again.
    let (_, _, hyper) = batch(n_steps);
    single.set_hyper(hyper);
    single.run_recorded(plan).unwrap();
    let (pixels, labels, _) = batch(n_steps - 1);
    let inputs = [(names::IMAGES, Numbers::F32(&pixels)), (names::LABELS, Numbers::U32(&labels))];
    queued.queue_step(plan, &inputs, hyper).unwrap();
    let last = single.take_recorded().await.unwrap();
    assert_eq!(queued.take_recorded().await.unwrap(), last);
}

async fn a_queued_step_asks_for_all_inputs(device: Rc<Device>) {
    let (mut executor, plan) = trainer(&device);
    let labels = [0; BATCH];
    let only = [(names::LABELS, Numbers::U32(&labels))];
    assert!(matches!(
        executor.queue_step(plan, &only, Hyper::default()),
        Err(GpuError::Tensor(TensorError::UnknownName { what: "input among those given", .. }))
    ));
    let short = [(names::IMAGES, Numbers::F32(&[0.5])), (names::LABELS, Numbers::U32(&labels))];
    assert!(matches!(
        executor.queue_step(plan, &short, Hyper::default()),
        Err(GpuError::Tensor(TensorError::Length { received: 1, .. }))
    ));
    // Nothing of them was queued.
    assert_eq!(executor.take_recorded().await.unwrap().len(), 0);
    for step in 0..RECORD_CAPACITY {
        queue(&mut executor, plan, step);
    }
    let (pixels, labels, hyper) = batch(0);
    let inputs = [(names::IMAGES, Numbers::F32(&pixels)), (names::LABELS, Numbers::U32(&labels))];
    let full = GpuError::RecordFull { capacity: RECORD_CAPACITY };
    assert_eq!(executor.queue_step(plan, &inputs, hyper).unwrap_err(), full);
}

async fn recorded_steps_come_back_in_order(device: Rc<Device>) {
    let (mut executor, plan) = trainer(&device);
    let mut expected = Vec::new();
    for _ in 0..5 {
        executor.run_recorded(plan).unwrap();
        expected.push(executor.read_output(plan, names::LOSS).await.unwrap()[0]);
    }
    assert!(expected.windows(2).all(|pair| pair[0] != pair[1]), "{expected:?}");
    // Two takes under way, with steps between and after them, each have their own steps.
    let first = executor.take_recorded();
    executor.run_recorded(plan).unwrap();
    let second = executor.take_recorded();
    executor.run_recorded(plan).unwrap();
    let first: Vec<f32> = first.await.unwrap().into_iter().map(|[loss, _]| loss).collect();
    assert_eq!(first, expected);
    assert_eq!(second.await.unwrap().len(), 1);
    assert_eq!(executor.take_recorded().await.unwrap().len(), 1);
    assert_eq!(executor.take_recorded().await.unwrap().len(), 0);
}

async fn reads_leave_the_executor_free_and_see_the_numbers_of_their_time(device: Rc<Device>) {
    let (mut executor, plan) = trainer(&device);
    let reading = executor.parameters();
    executor.run(plan).unwrap();
    let (before, after) = (reading.await.unwrap(), executor.parameters().await.unwrap());
    assert_eq!(before, initial_parameters(&small().layout(), 1));
    assert_ne!(before, after);

    // A third read at once finds no buffer, and one that is given up frees its own.
    let (first, second) = (executor.parameters(), executor.parameters());
    assert!(matches!(executor.gradients().await, Err(GpuError::Busy { .. })));
    drop(first);
    assert_eq!(executor.parameters().await.unwrap(), after);
    assert_eq!(second.await.unwrap(), after);
}

async fn several_outputs_come_with_one_submission(device: Rc<Device>) {
    let network = small();
    let layout = network.layout();
    let mut executor = gpu::Executor::new(&device, &layout, 0).unwrap();
    executor.set_parameters(&initial_parameters(&layout, 1)).unwrap();
    let plan = executor.add(network.inspection_plan().unwrap()).unwrap();
    executor.write_input(plan, names::IMAGES, &[0.5; 784]).unwrap();
    executor.run(plan).unwrap();
    let layers: Vec<String> = (0..network.model().layers.len()).map(names::layer).collect();
    let mut wanted: Vec<&str> = layers.iter().map(String::as_str).collect();
    wanted.push(names::PROBABILITIES);
    let before = device.counts();
    let outputs = executor.read_outputs(plan, &wanted).await.unwrap();
    assert_eq!(device.counts().submits - before.submits, 1);
    assert_eq!(made(device.counts()), made(before));
    let lens: Vec<usize> = outputs.iter().map(Vec::len).collect();
    assert_eq!(lens, [6272, 6272, 1568, 3136, 3136, 784, 784, 10, 10]);
    let sum: f32 = outputs[8].iter().sum();
    assert!((sum - 1.0).abs() < 1e-5, "{:?}", outputs[8]);
}

async fn plans_share_parameters_and_pipelines(device: Rc<Device>) {
    let unused = device.counts().pipelines;
    let (mut executor, training) = trainer(&device);
    let evaluation = executor.add(small().evaluation_plan(1).unwrap()).unwrap();
    assert_eq!(device.counts().pipelines, unused, "what has not run yet is not compiled");
    executor.run(training).unwrap();
    let before = device.counts().pipelines;
    assert!(before > unused && before - unused <= executor.dispatches(training), "{unused}, then {before}");
    let again = small().training_plan(BATCH, Update::Sgd { nesterov: false }).unwrap();
    let again = executor.add(again).unwrap();
    write_batch(&executor, again);
    executor.run(again).unwrap();
    assert_eq!(device.counts().pipelines, before);

    executor.write_input(evaluation, names::IMAGES, &[0.5; 784]).unwrap();
    executor.run(evaluation).unwrap();
    assert!(device.counts().pipelines > before);
    let first = executor.read_output(evaluation, names::LOGITS).await.unwrap();
    executor.run(training).unwrap();
    executor.run(evaluation).unwrap();
    assert_ne!(executor.read_output(evaluation, names::LOGITS).await.unwrap(), first);
}

async fn the_same_steps_give_the_same_bits(device: Rc<Device>) {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let (mut executor, plan) = trainer(&device);
        for _ in 0..5 {
            executor.run(plan).unwrap();
        }
        let parameters = executor.parameters().await.unwrap();
        runs.push(parameters.into_iter().map(f32::to_bits).collect::<Vec<_>>());
    }
    assert_eq!(runs[0], runs[1]);
}

fn relu_plan(len: usize) -> Plan {
    let mut graph = Graph::new();
    let x = graph.input("x", Value::f32([len]));
    let y = graph.apply(Activation::Relu, &[x]).unwrap();
    Plan::compile(&graph, &PlanRequest { outputs: vec![("y".to_owned(), y)], ..PlanRequest::default() })
}

async fn what_does_not_fit_is_a_typed_error(device: Rc<Device>) {
    let (mut executor, plan) = trainer(&device);
    assert!(matches!(
        executor.write_input(plan, names::IMAGES, &[0.0; 3]),
        Err(GpuError::Tensor(TensorError::Length { expected: 6272, received: 3, .. }))
    ));
    assert!(matches!(
        executor.write_input(plan, "pictures", &[]),
        Err(GpuError::Tensor(TensorError::UnknownName { what: "input", .. }))
    ));
    assert!(matches!(
        executor.read_outputs(plan, &[names::LOSS, "lose"]).await,
        Err(GpuError::Tensor(TensorError::UnknownName { what: "output", .. }))
    ));
    assert!(matches!(
        executor.set_parameters(&[0.0]),
        Err(GpuError::Tensor(TensorError::Length { received: 1, .. }))
    ));
    assert_eq!(executor.state(1).await.unwrap_err(), GpuError::NoState { state_idx: 1, n_states: 1 });
    assert_eq!(executor.run(7).unwrap_err(), GpuError::NoPlan { plan_idx: 7, n_plans: 1 });
    assert_eq!(executor.add(relu_plan(3)).unwrap_err(), GpuError::Layout);
    let adam = small().training_plan(BATCH, Update::Adam).unwrap();
    assert!(matches!(executor.add(adam), Err(GpuError::NoState { state_idx: 1, .. })));

    let mut bare = gpu::Executor::new(&device, &ParameterLayout::default(), 0).unwrap();
    assert!(matches!(bare.add(relu_plan(0)), Err(GpuError::Unsupported { kernel: "relu", .. })));
    // More than any GPU binds at once today: refused before anything is made of that size.
    if usize::BITS > 32 {
        let too_large = usize::MAX >> 4;
        assert!(matches!(bare.add(relu_plan(too_large)), Err(GpuError::Limit { .. })));
    }
    let no_loss = bare.add(relu_plan(3)).unwrap();
    assert!(matches!(bare.run_recorded(no_loss), Err(GpuError::Tensor(TensorError::UnknownName { .. }))));

    for _ in 0..RECORD_CAPACITY {
        executor.run_recorded(plan).unwrap();
    }
    let full = GpuError::RecordFull { capacity: RECORD_CAPACITY };
    assert_eq!(executor.run_recorded(plan).unwrap_err(), full);
    assert_eq!(executor.take_recorded().await.unwrap().len(), RECORD_CAPACITY);
    executor.run_recorded(plan).unwrap();
}

async fn a_lost_device_is_an_error_and_not_a_hang(device: Rc<Device>) {
    let (mut executor, plan) = trainer(&device);
    executor.run_recorded(plan).unwrap();
    assert_eq!(device.lost(), None);
    let under_way = executor.parameters();
    let evaluation = executor.add(small().evaluation_plan(1).unwrap()).unwrap();
    let compiling = executor.compile(evaluation);
    device.destroy();
    let lost = |result: Result<Vec<f32>, GpuError>| match result {
        Err(GpuError::Lost { .. }) => {}
        other => panic!("{other:?}"),
    };
    // What was under way may still arrive.
    if let Err(error) = under_way.await {
        lost(Err(error));
    }
    if let Err(error) = compiling.await {
        lost(Err(error));
    }
    lost(executor.parameters().await);
    assert!(matches!(executor.compile(evaluation).await, Err(GpuError::Lost { .. })));
    lost(executor.read_output(plan, names::LOSS).await);
    assert!(matches!(executor.take_recorded().await, Err(GpuError::Lost { .. })));
    assert!(matches!(executor.run(plan), Err(GpuError::Lost { .. })));
    assert!(matches!(executor.add(small().evaluation_plan(1).unwrap()), Err(GpuError::Lost { .. })));
    assert!(device.lost().is_some());
}

use tensor::{Plan, PlanRequest, Value, cpu};

use super::*;
use crate::presets;

/// The mean loss of a batch of three pictures and its gradient, as the compiled step has them.
fn compiled(loss: Loss, outputs: &[f32], labels: &[u32]) -> (f32, Vec<f32>) {
    let mut graph = Graph::new();
    let output = graph.parameter("output", &[labels.len(), outputs.len() / labels.len()]);
    let target = graph.input("labels", Value::u32([labels.len()]));
    let node = loss.record(&mut graph, output, target).unwrap();
    let gradients = graph.parameter_gradients(node).unwrap();
    let request = PlanRequest { outputs: vec![("loss".into(), node)], gradients, ..PlanRequest::default() };
    let plan = Plan::compile(&graph, &request);
    let mut executor = cpu::Executor::new(&plan.layout.clone(), 0);
    let mut flat = vec![0.0; plan.layout.len];
    flat[..outputs.len()].copy_from_slice(outputs);
    executor.set_parameters(&flat).unwrap();
    let plan = executor.add(plan).unwrap();
    executor.write_input_u32(plan, "labels", labels).unwrap();
    executor.run(plan);
    (executor.output(plan, "loss").unwrap()[0], executor.gradients()[..outputs.len()].to_vec())
}

const OUTPUTS: [f32; 12] = [0.3, -1.2, 2.5, 0.1, -40.0, 30.0, 0.2, -0.7, 1.4, 0.9, -2.0, 0.6];
const LABELS: [u32; 3] = [2, 0, 3];

fn losses() -> impl Iterator<Item = Loss> {
    let smoothed = Loss::CrossEntropyLoss(CrossEntropyLoss { label_smoothing: 0.1 });
    Loss::all().into_iter().chain([smoothed])
}

fn mean(loss: Loss, outputs: &[f32]) -> f64 {
    let rows = outputs.chunks(4).zip(LABELS);
    rows.map(|(row, label)| loss.of(row, label as usize)).sum::<f64>() / LABELS.len() as f64
}

#[test]
fn what_is_trained_is_what_is_measured() {
    for loss in losses() {
        let (received, _) = compiled(loss, &OUTPUTS, &LABELS);
        let expected = mean(loss, &OUTPUTS);
        assert!(
            (f64::from(received) - expected).abs() < 1e-5 * expected.abs().max(1.0),
            "{loss:?}: {received}, {expected}"
        );
    }
}

#[test]
fn gradients_are_the_slopes_of_what_is_measured() {
    for loss in losses() {
        let (_, gradients) = compiled(loss, &OUTPUTS, &LABELS);
        for (idx, gradient) in gradients.into_iter().enumerate() {
            let shifted = |by: f32| {
                let mut outputs = OUTPUTS;
                outputs[idx] += by;
                // What was really added, in 32 bits.
                (mean(loss, &outputs), f64::from(outputs[idx]))
            };
            let ((above, right), (below, left)) = (shifted(1e-3), shifted(-1e-3));
            let slope = (above - below) / (right - left);
            assert!((f64::from(gradient) - slope).abs() < 1e-4, "{loss:?}, {idx}: {gradient}, {slope}");
        }
    }
}

#[test]
fn nll_loss_asks_for_a_network_that_ends_in_log_softmax() {
    let mut model = presets::model("mlp").unwrap();
    assert_eq!(Loss::NLLLoss.check_network(&model), Err(NetworkError::NoLogSoftmax));
    assert_eq!(Loss::default().check_network(&model), Ok(()));
    model.layers.push(LayerSpec::LogSoftmax);
    assert_eq!(Loss::NLLLoss.check_network(&model), Ok(()));
}
